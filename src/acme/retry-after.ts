const LONGEST_MS = 30 * 86_400_000 // nothing that an authority asks for is longer

/** Milliseconds that a `Retry-After` header asks for, at most 30 days; `undefined` when it says nothing usable. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d{1,10}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS)
}
