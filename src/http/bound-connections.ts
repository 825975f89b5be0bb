import type { Server } from 'node:net'
import type { Log } from '../model/ports.ts'

const REPORT_EVERY_MS = 60_000

/** Closes connections to `server` at once while `max` are open, and says so once a minute at most. */
export function boundConnections(
  server: Server,
  { max, log }: { readonly max: number; readonly log: Log },
): void {
  let refused = 0
  let reportedMs = Number.NEGATIVE_INFINITY
  server.maxConnections = max
  server.on('drop', () => {
    refused += 1
    const now = performance.now()
    if (now - reportedMs < REPORT_EVERY_MS) return
    log.warn('connections refused, as many as limits.connections are open', { limit: max, refused })
    reportedMs = now
    refused = 0
  })
}
