const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const AGO = /^(\d{1,6})([smhdw])$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const MOMENT = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?$/i

export interface MomentOptions {
  /** ms since the epoch. */
  readonly now: number
  /** Which end of a day is meant when only the day is given. */
  readonly edge: 'start' | 'end'
}

/**
 * What a person means by a moment, in ms since the epoch: `90m`, `2d` ago, `today`, `yesterday`, `2026-11-24`,
 * `2026-11-24 16:06`, RFC 3339. Without a zone it is UTC, as in the log. `undefined` for anything else.
 */
export function parseMoment(text: string, { now, edge }: MomentOptions): number | undefined {
  const ago = AGO.exec(text)
  if (ago !== null) return now - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]
  const day = dayOf(text, now)
  if (day !== undefined) {
    const start = checked(`${day}T00:00:00Z`, day)
    return start === undefined || edge === 'start' ? start : start + UNITS.d
  }
  const moment = MOMENT.exec(text)
  if (moment === null) return undefined
  const [, date = '', time = '', zone = 'Z'] = moment
  return checked(date, date) === undefined ? undefined : checked(`${date}T${time}${zone.toUpperCase()}`)
}

function dayOf(text: string, now: number): string | undefined {
  if (text === 'today') return isoDay(now)
  if (text === 'yesterday') return isoDay(now - UNITS.d)
  return DAY.test(text) ? text : undefined
}

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** The engine takes 30 February for a day of March. */
function checked(text: string, day?: string): number | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) || (day !== undefined && isoDay(ms) !== day) ? undefined : ms
}
