import type { Config } from '../config/schema.ts'
import type { ContentExchange, Forward } from '../content/content-exchange.ts'
import { createDirectRead } from '../content/direct-read.ts'
import { createTurns } from '../content/turns.ts'
import type { Log, TransferBuffers } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'

/** Of the four threads of the pool, which sign tokens and write the audit log as well, two may hang on a disk. */
const DISK = { max: 2, maxWaiting: 1_000, limitMs: 60_000 }

/** `forward`, in front of it the registry's own files where the configuration has us read them. */
export function openDirectRead<E extends ContentExchange>(
  { registry: { run } }: Config,
  effects: { readonly buffers: TransferBuffers; readonly log: Log; readonly metrics: Metrics },
  forward: Forward<E>,
): Forward<E> {
  if (run?.direct_read !== true || run.storage.kind !== 'filesystem') return forward
  const { buffers, log, metrics } = effects
  const { root } = run.storage
  const observe = metrics.countDirectRead
  return createDirectRead({ root, buffers, turns: createTurns(DISK), log, observe }, forward)
}
