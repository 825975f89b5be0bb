import type { Config } from '../config/schema.ts'
import type { ContentExchange, Forward } from '../content/content-exchange.ts'
import { createDirectRead } from '../content/direct-read.ts'
import type { Log, TransferBuffers } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'
import { createDiskTurns } from './disk-turns.ts'

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
  return createDirectRead({ root, buffers, turns: createDiskTurns(), log, observe }, forward)
}
