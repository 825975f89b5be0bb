import { isDeepStrictEqual } from 'node:util'
import { activeSeq } from '../../audit/sinks/newest-seq.ts'
import type { SinkReport } from '../../audit/sinks/sink-report.ts'
import type { SinkSettings } from '../../audit/sinks/sink-settings.ts'
import type { Log } from '../../model/ports.ts'
import { type SentSettings, toSent } from './sent-settings.ts'
import type { SinksOwnerCalls, SinksSetup } from './sinks-calls.ts'
import { type SinksThread, startSinksThread } from './start-sinks-thread.ts'

/** How long a stop waits for lines to arrive. */
const DRAIN_MS = 3_000
/** And for positions to be kept. */
const STOP_MS = 1_000
/** Lines of one moment are told of at once. */
const WAKE_MS = 20
const FIRST_RESTART_MS = 1_000
const LONGEST_RESTART_MS = 30_000

/** What is known of a sink. */
export type SinkState = Pick<SinkReport, 'sink' | 'position' | 'failing'>

/** The sinks of the audit log in their thread, from its owner. */
export interface AuditSinks {
  /** Lines were written. Costs next to nothing. */
  wake(): void
  /** The oldest line that a sink has not sent; `undefined` without sinks. Files with it or later lines must stay. */
  oldestNeededSeq(): number | undefined
  states(): readonly SinkState[]
  /** By sink: how many lines are written and not known to have arrived. */
  lags(): Promise<ReadonlyMap<string, number>>
  /** Goes on with other settings; the thread is started anew when they differ. Never rejects. */
  use(settings: readonly SinkSettings[]): Promise<void>
  /** Sends what is there for some seconds, at most until the signal aborts, and ends the thread. */
  close(deadline: AbortSignal): Promise<void>
}

interface Options extends Pick<SinksSetup, 'file' | 'directory'> {
  readonly settings: readonly SinkSettings[]
  readonly log: Log
  readonly onReport: (report: SinkReport) => void
  /** The thread's start, replaceable to test how its faults are met. */
  readonly start?: typeof startSinksThread
}

interface State extends Options {
  sent: readonly SentSettings[]
  thread: SinksThread | undefined
  readonly states: Map<string, SinkState>
  restartMs: number
  restart: NodeJS.Timeout | undefined
  waking: NodeJS.Timeout | undefined
  isClosed: boolean
}

/**
 * Starts the thread when there are sinks; resolves when it is settled where each begins. When the thread dies it is
 * started again, after a while. With `-` as the file there is nothing to read, so no sink runs.
 * @throws PositionUnusable
 */
export async function openAuditSinks(options: Options): Promise<AuditSinks> {
  const state: State = {
    ...options,
    sent: [],
    thread: undefined,
    states: new Map(),
    restartMs: FIRST_RESTART_MS,
    restart: undefined,
    waking: undefined,
    isClosed: false,
  }
  state.sent = sentOf(state, options.settings)
  try {
    await start(state)
  } catch (error) {
    await end(state)
    throw error
  }
  return {
    wake: () => {
      if (state.thread !== undefined) state.waking ??= setTimeout(wake, WAKE_MS, state)
    },
    oldestNeededSeq: () => oldestNeeded(state),
    states: () => [...state.states.values()],
    lags: () => lags(state),
    use: settings => use(state, settings),
    close: deadline => close(state, deadline),
  }
}

function sentOf({ file }: State, settings: readonly SinkSettings[]): readonly SentSettings[] {
  return file === '-' ? [] : settings.map(toSent)
}

async function start(state: State): Promise<void> {
  const { sent: sinks, file, directory, start: startThread = startSinksThread } = state
  if (sinks.length === 0) return
  const answers: SinksOwnerCalls = {
    report: async reports => {
      for (const report of reports) take(state, report)
    },
    log: async ({ level, message, fields }) => state.log[level](message, fields),
  }
  const thread = startThread(
    { sinks, file, directory },
    { answers, onDeath: error => startAgain(state, { thread, error }) },
  )
  state.thread = thread
  await thread.channel.ask('start')
}

function take(state: State, report: SinkReport): void {
  const { sink, position, failing } = report
  state.states.set(sink, { sink, position, failing })
  state.restartMs = FIRST_RESTART_MS
  state.onReport(report)
}

function startAgain(
  state: State,
  { thread, error }: { readonly thread: SinksThread; readonly error: unknown },
): void {
  if (state.isClosed || state.thread !== thread) return
  state.thread = undefined
  const { log, restartMs } = state
  log.error('the thread of the audit sinks has failed; it is started again', { error, after_ms: restartMs })
  state.restartMs = Math.min(LONGEST_RESTART_MS, 2 * restartMs)
  state.restart = setTimeout(() => startOrRetry(state), restartMs)
}

async function startOrRetry(state: State): Promise<void> {
  try {
    await start(state)
  } catch (error) {
    const { thread } = state
    if (thread === undefined) return
    startAgain(state, { thread, error })
    await thread.end()
  }
}

function wake(state: State): void {
  state.waking = undefined
  state.thread?.channel.tell('wake')
}

function oldestNeeded({ states, sent }: State): number | undefined {
  if (sent.length === 0) return undefined
  // One of which nothing is known yet may need everything.
  if (states.size < sent.length) return 1
  const positions = [...states.values()].map(({ position }) => position)
  return Math.min(...positions) + 1
}

async function lags({ file, states, sent }: State): Promise<ReadonlyMap<string, number>> {
  if (sent.length === 0) return new Map()
  const last = (await activeSeq(file)) ?? 0
  return new Map([...states.values()].map(({ sink, position }) => [sink, Math.max(0, last - position)]))
}

async function use(state: State, settings: readonly SinkSettings[]): Promise<void> {
  const next = sentOf(state, settings)
  if (state.isClosed || isDeepStrictEqual(next, state.sent)) return
  await stop(state)
  state.sent = next
  const names = new Set(settings.map(({ name }) => name))
  for (const name of state.states.keys()) if (!names.has(name)) state.states.delete(name)
  state.restartMs = FIRST_RESTART_MS
  await startOrRetry(state)
}

async function stop(state: State): Promise<void> {
  await within(STOP_MS, state.thread?.channel.ask('stop'))
  await end(state)
}

async function end(state: State): Promise<void> {
  const { thread } = state
  clearTimeout(state.restart)
  clearTimeout(state.waking)
  state.waking = undefined
  state.thread = undefined
  await thread?.end()
}

async function close(state: State, deadline: AbortSignal): Promise<void> {
  state.isClosed = true
  if (!deadline.aborted) await within(DRAIN_MS, state.thread?.channel.ask('drain'), deadline)
  await stop(state)
}

/** A thread that does not answer in time, or has died, is not waited for. */
async function within(
  ms: number,
  answer: Promise<unknown> | undefined,
  deadline?: AbortSignal,
): Promise<void> {
  if (answer === undefined) return
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  deadline?.addEventListener('abort', () => late.resolve(), { once: true })
  await Promise.race([answer.catch(() => undefined), late.promise])
  clearTimeout(timer)
}
