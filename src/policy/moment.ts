const DAY_MS = 86_400_000
const DATE = /^\d{4}-\d{2}-\d{2}$/
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/**
 * The first moment that is no longer "until `text`", in ms since the epoch: the end of that day in UTC, or the
 * moment itself. `undefined` for anything else. Spec: RFC 3339, `full-date` and `date-time`.
 */
export function parseEnd(text: string): number | undefined {
  if (DATE.test(text)) {
    const start = startOfDay(text)
    return start === undefined ? undefined : start + DAY_MS
  }
  const [, date] = DATE_TIME.exec(text) ?? []
  if (date === undefined || startOfDay(date) === undefined) return undefined
  return Date.parse(text.toUpperCase())
}

/** `undefined` for a day that the month does not have, which `Date.parse` takes for one of the next month. */
function startOfDay(date: string): number | undefined {
  const start = Date.parse(`${date}T00:00:00Z`)
  const isReal = !Number.isNaN(start) && new Date(start).toISOString().startsWith(date)
  return isReal ? start : undefined
}
