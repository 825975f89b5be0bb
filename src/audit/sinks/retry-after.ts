/** Nobody makes us wait longer. */
const LONGEST_MS = 300_000

/** What `Retry-After` asks for, in ms and at most five minutes; `undefined` without one. Spec: RFC 9110 §10.2.3. */
export function retryAfterMs(
  header: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  if (typeof header !== 'string') return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_MS, Math.max(0, ms))
}
