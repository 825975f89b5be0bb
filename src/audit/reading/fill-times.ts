import type { Group } from './tally-records.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * The newest `count` hours or days of a tally in their order, those without a line too. A wrong clock may make the span
 * as long as it likes, so no more than `count` are made.
 */
export function fillTimes(
  groups: readonly Group[],
  { by, count }: { readonly by: 'hour' | 'day'; readonly count: number },
): readonly Group[] {
  const byTime = new Map(groups.map(group => [msOf(group.name), group]))
  const times = Array.from(byTime.keys()).sort((a, b) => a - b)
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return []
  const step = by === 'hour' ? HOUR_MS : DAY_MS
  const start = Math.max(first, last - (count - 1) * step)
  return Array.from({ length: Math.round((last - start) / step) + 1 }, (_, at) => {
    const time = start + at * step
    return byTime.get(time) ?? { name: nameOf(time, by), lines: 0, bytesOut: 0, bytesIn: 0 }
  })
}

function msOf(name: string): number {
  return Date.parse(`${name.slice(0, 10)}T${name.slice(11) || '00:00'}Z`)
}

function nameOf(ms: number, by: 'hour' | 'day'): string {
  const text = new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
  return by === 'day' ? text.slice(0, 10) : text
}
