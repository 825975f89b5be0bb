const UNITS = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const

/** A moment for a person, in UTC and from now: `2027-01-24 14:05 UTC, in 61 days`; `now` when it has just come. */
export function describeTime(ms: number, now: number): string {
  const text = `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const distance = describeDuration(Math.abs(ms - now))
  if (distance === undefined) return `${text}, now`
  return ms < now ? `${text}, ${distance} ago` : `${text}, in ${distance}`
}

/** Two of a unit at least, so that little is lost by rounding down: `36 hours`, `61 days`. */
function describeDuration(ms: number): string | undefined {
  const unit = UNITS.find(one => ms >= 2 * one.ms) ?? UNITS[3]
  const count = Math.floor(ms / unit.ms)
  if (count === 0) return undefined
  return `${count} ${unit.name}${count === 1 ? '' : 's'}`
}
