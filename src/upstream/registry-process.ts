import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Log } from '../model/ports.ts'
import { launchRegistry, type RegistryChild } from './registry-child.ts'
import { registryEnvironment } from './registry-environment.ts'
import { endOrphan } from './registry-orphan.ts'
import { restartDelay } from './restart-delay.ts'

export type RegistryStatus = 'starting' | 'running' | 'restarting' | 'stopped'

export interface RegistryProcessOptions {
  readonly binary: string
  /** Text of its configuration file. */
  readonly config: string
  /** Folder of our own for the configuration and the pid, made with mode 0700. */
  readonly dir: string
  /** The socket that `config` names. */
  readonly socket: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly clock: Clock
  /** Rejects when `signal` aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onStatus?: (status: RegistryStatus) => void
}

/** A registry that is kept running. */
export interface RegistryProcess {
  /** Resolves when it answers. @throws RegistryFailed when the first start fails. */
  start(): Promise<void>
  /** Ends it for good: TERM, then KILL after 5 s. */
  stop(): Promise<void>
  status(): RegistryStatus
  pid(): number | undefined
}

interface State {
  readonly options: RegistryProcessOptions
  readonly stopping: AbortController
  readonly launch: () => Promise<RegistryChild>
  status: RegistryStatus
  child: RegistryChild | undefined
  /** True once no other process uses our files. */
  isOwner: boolean
  /** Settles when the registry is neither being started nor watched. */
  work: Promise<void>
}

/**
 * Runs the registry as our child. When it ends by itself it is started again, after 0.5 s at first and up to 30 s.
 * One that a killed process of ours left behind is ended first.
 */
export function createRegistryProcess(options: RegistryProcessOptions): RegistryProcess {
  const note = noteOf(options)
  const stopping = new AbortController()
  const { binary, socket, log, env } = options
  const state: State = {
    options,
    stopping,
    launch: () =>
      launchRegistry({
        ...note,
        binary,
        socket,
        log,
        env: registryEnvironment(env),
        signal: stopping.signal,
      }),
    status: 'stopped',
    child: undefined,
    isOwner: false,
    work: Promise.resolve(),
  }
  return {
    start: () => start(state),
    stop: () => stop(state),
    status: () => state.status,
    pid: () => state.child?.pid,
  }
}

function noteOf({ dir }: RegistryProcessOptions): { readonly configFile: string; readonly pidFile: string } {
  return { configFile: resolve(dir, 'registry.yml'), pidFile: resolve(dir, 'registry.pid') }
}

async function start(state: State): Promise<void> {
  if (state.status !== 'stopped' || state.stopping.signal.aborted)
    throw new TypeError('a registry process starts once')
  setStatus(state, 'starting')
  const started = prepareAndLaunch(state)
  state.work = started.then(
    child => keepRunning(state, child),
    () => setStatus(state, 'stopped'),
  )
  await started
}

async function prepareAndLaunch(state: State): Promise<RegistryChild> {
  const { options } = state
  const note = noteOf(options)
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  await endOrphan(note, options.log)
  state.isOwner = true
  await writeSecretFile(note.configFile, options.config)
  return adopt(state, await state.launch())
}

async function writeSecretFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`
  await rm(temporary, { force: true })
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
  await rename(temporary, file)
}

function adopt(state: State, child: RegistryChild): RegistryChild {
  state.child = child
  setStatus(state, 'running')
  return child
}

/** Returns when the registry is to stop. */
async function keepRunning(state: State, first: RegistryChild): Promise<void> {
  const { clock, log } = state.options
  let child: RegistryChild | undefined = first
  let delayMs: number | undefined
  while (child !== undefined) {
    const since = clock()
    const how = await child.ended
    state.child = undefined
    if (state.stopping.signal.aborted) return
    delayMs = restartDelay(delayMs, clock() - since)
    log.error('the registry ended, starting it again', { how, delay_ms: delayMs })
    setStatus(state, 'restarting')
    const restarted: Restart = await restart(state, delayMs)
    child = restarted.child
    delayMs = restarted.delayMs
  }
}

/** `child` is absent when the registry is to stop; `delayMs` is the wait before the start that worked. */
interface Restart {
  readonly child: RegistryChild | undefined
  readonly delayMs: number
}

async function restart(state: State, firstDelayMs: number): Promise<Restart> {
  const { signal } = state.stopping
  const { log, sleep = sleepUntil } = state.options
  for (let delayMs = firstDelayMs; ; delayMs = restartDelay(delayMs, 0)) {
    try {
      await sleep(delayMs, signal)
      return { child: adopt(state, await state.launch()), delayMs }
    } catch (error) {
      if (signal.aborted) return { child: undefined, delayMs }
      log.error('the registry cannot be started again', { error })
    }
  }
}

async function stop(state: State): Promise<void> {
  state.stopping.abort()
  await state.child?.end()
  await state.work
  if (state.isOwner) {
    await rm(noteOf(state.options).pidFile, { force: true })
    await rm(state.options.socket, { force: true })
  }
  setStatus(state, 'stopped')
}

function setStatus(state: State, status: RegistryStatus): void {
  if (state.status === status) return
  state.status = status
  state.options.onStatus?.(status)
}

function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal })
}
