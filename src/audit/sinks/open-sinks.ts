import type { Clock, Log } from '../../model/ports.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { followLog, type LogFollower } from './follow-log.ts'
import { createHttpSender } from './http-sender.ts'
import { createLineBatches } from './line-batches.ts'
import { newestSeq } from './newest-seq.ts'
import { createPositionFile } from './position-file.ts'
import { createRetry } from './retry.ts'
import { type RunningSink, runSink } from './run-sink.ts'
import type { Sender } from './sender.ts'
import type { SinkReport } from './sink-report.ts'
import type { SinkSettings } from './sink-settings.ts'
import { createSinkTally, type SinkTally } from './sink-tally.ts'
import { createSyslogSender } from './syslog-sender.ts'

/** All sinks of one log. */
export interface Sinks {
  wake(): void
  /** Sends what is there; resolves when everything has arrived or is not taken at once. */
  drain(): Promise<void>
  /** Ends them, their positions kept. Never rejects. */
  stop(): Promise<void>
  /** Of each sink of which there is something to tell since the last time. */
  reports(): readonly SinkReport[]
}

export interface SinksOptions {
  readonly sinks: readonly SinkSettings[]
  /** The active file of the log. */
  readonly file: string
  /** Where positions are kept. */
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
}

interface Open {
  readonly running: RunningSink
  readonly follower: LogFollower
  readonly tally: SinkTally
}

/**
 * Starts sending. A sink that is new begins behind the last line that is there now, with `backfill` with the oldest.
 * @throws PositionUnusable; nothing is running then.
 */
export async function openSinks(options: SinksOptions): Promise<Sinks> {
  const positions = await Promise.all(options.sinks.map(settings => startOf(settings, options)))
  const open = options.sinks.map((settings, index) => openSink(settings, positions[index] ?? 0, options))
  return {
    wake: () => {
      for (const { running } of open) running.wake()
    },
    drain: async () => {
      await Promise.all(open.map(({ running }) => running.drain()))
    },
    stop: async () => {
      await Promise.all(
        open.map(async ({ running, follower }) => {
          await running.stop()
          await follower.close()
        }),
      )
    },
    reports: () => open.flatMap(({ tally }) => tally.take() ?? []),
  }
}

/** The position is kept before the first line is sent, so that a sink that has reached nobody yet is not new again. */
async function startOf({ name, backfill }: SinkSettings, { file, directory }: SinksOptions): Promise<number> {
  const position = createPositionFile(directory, name)
  const known = await position.load()
  if (known !== undefined) return known
  const first = backfill ? 0 : await newestSeq(file)
  await position.save(first)
  return first
}

function openSink(settings: SinkSettings, after: number, options: SinksOptions): Open {
  const { name, batch } = settings
  const { file, directory, log, clock } = options
  const tally = createSinkTally(name, after)
  const onFault = (reason: string) => log.error('the log of an audit sink', { sink: name, error: reason })
  const follower = followLog({ file, after, onFault })
  const sender = senderOf(settings, { ...options, tally })
  const isWanted = filterOf(settings, sender)
  const running = runSink({
    name,
    sender,
    batches: createLineBatches(follower, { size: batch, isWanted }),
    position: createPositionFile(directory, name),
    retry: createRetry(Math.random),
    tally,
    log,
    clock,
    refusedTries:
      'on_refused' in settings && settings.on_refused === 'skip' ? settings.refused_tries : Infinity,
  })
  return { running, follower, tally }
}

function senderOf(
  settings: SinkSettings,
  { log, clock, tally }: Pick<SinksOptions, 'log' | 'clock'> & { readonly tally: SinkTally },
): Sender {
  if (settings.type === 'syslog') return createSyslogSender(settings)
  const onComplaint = (error: string) => {
    tally.failed('rejected', error)
    log.error('an audit sink took a batch only in part, and wants no line again', {
      sink: settings.name,
      error,
    })
  }
  return createHttpSender(settings, { clock, onComplaint })
}

function filterOf({ actions, outcomes }: SinkSettings, sender: Sender): (record: AuditRecord) => boolean {
  const ofActions = actions && new Set(actions)
  const ofOutcomes = outcomes && new Set(outcomes)
  return record =>
    (ofActions?.has(record.action) ?? true) &&
    (ofOutcomes?.has(record.outcome) ?? true) &&
    sender.accepts(record)
}
