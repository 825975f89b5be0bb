import type { SinkSettings } from '../../../src/audit/sinks/sink-settings.ts'

/** What a receiver does with the next three requests. */
export type Mood = 'ok' | 'error' | 'busy' | 'cut'

/** Somebody whom a sink sends to, on one address throughout. */
export interface Receiver {
  readonly settings: SinkSettings
  /** Numbers of the lines that it got, in the order of their coming, also those that came again. */
  seen(): readonly number[]
  start(): Promise<void>
  /** Ends all connections, whatever is on them. */
  stop(): Promise<void>
  /** Reads nothing any more. */
  pause(): void
  resume(): void
  /** Where the protocol has answers. */
  readonly setMood?: (mood: Mood) => void
}

/** What the sinks of the tests have in common. */
export function commonSettings(name: string, changes: { readonly batch?: number } = {}) {
  return { name, backfill: true, batch: 100, timeout_ms: 1_000, ...changes } as const
}
