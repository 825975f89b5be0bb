import { createDrain } from '../ops/drain.ts'
import type { AppOptions } from './parts.ts'

/** Ends one part; the signal aborts at the end of the shutdown time. */
export type Close = (deadline: AbortSignal) => void | Promise<void>

/** Says how a part that is open is ended. What is opened first is closed last: the registry outlives its requests. */
export type Opened = (name: string, close: Close) => void

/** How to end what was opened. */
export interface Closers {
  readonly opened: Opened
  /** Ends everything; `true` when all ended in time. Never rejects. */
  closeAll(options: AppOptions): Promise<boolean>
}

export function createClosers(): Closers {
  const closers: { readonly name: string; readonly close: Close }[] = []
  return {
    opened: (name, close) => closers.unshift({ name, close }),
    closeAll: ({ loaded, log }) => {
      const drain = createDrain({ timeoutMs: loaded.config.limits.shutdown_timeout_ms, log, graceMs: 5_000 })
      for (const { name, close } of closers) drain.add(name, close)
      return drain.drain()
    },
  }
}
