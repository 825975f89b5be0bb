const LONGEST_MS = 30 * 86_400_000 // nothing that an authority asks for is longer
const SECONDS = /^\d{1,10}$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/

/**
 * Milliseconds that a `Retry-After` header asks for, at most 30 days; `undefined` when it says nothing usable.
 * Spec: RFC 9110 §10.2.3.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (SECONDS.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS)
  // Date.parse takes almost anything for a date.
  const ms = HTTP_DATE.test(text) ? Date.parse(text) - now : Number.NaN
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS)
}
