/** A daily span, on some days of the week, in one time zone. */
export interface OfficeHours {
  readonly source: string
  /** By day of the week, Sunday first. */
  readonly days: readonly boolean[]
  /** Minutes of the day; a span whose end is not after its start goes on into the next day. */
  readonly start: number
  readonly end: number
  readonly clock: ZoneClock
}

/** A moment as a clock on the wall shows it; `day` counts from Sunday. */
interface WallTime {
  readonly day: number
  readonly minute: number
}

/** Wall time of a moment in ms since the epoch. */
export type ZoneClock = (now: number) => WallTime

const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const TIME = '([01]?\\d|2[0-4]):([0-5]\\d)'
const HOURS = new RegExp(`^(?:([a-z,-]+) +)?${TIME} *- *${TIME}(?: +(\\S+))?$`, 'i')
const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** Reads `08:00-18:00`, `mon-fri 08:00-18:00`, `sat,sun 22:00-06:00 Europe/Berlin`; else says what is wrong. */
export function parseHours(source: string): OfficeHours | { readonly fault: string } {
  const [, dayText, startHour, startMinute, endHour, endMinute, zone = 'utc'] =
    HOURS.exec(source.trim()) ?? []
  const start = minuteOf(startHour, startMinute)
  const end = minuteOf(endHour, endMinute)
  if (start >= DAY_MINUTES || end > DAY_MINUTES || Number.isNaN(start + end))
    return { fault: 'not a span of hours' }
  if (start === end) return { fault: 'the span is empty' }
  const days = dayText === undefined ? DAYS.map(() => true) : parseDays(dayText.toLowerCase())
  if (days === undefined) return { fault: `${JSON.stringify(dayText)} names no days` }
  const clock = zoneClock(zone)
  if (clock === undefined) return { fault: `unknown time zone ${JSON.stringify(zone)}` }
  return { source, days, start, end, clock }
}

/** Whether the moment lies in the hours. The part after midnight belongs to the day before. */
export function isWithin({ days, start, end, clock }: OfficeHours, now: number): boolean {
  const { day, minute } = clock(now)
  if (start < end) return days[day] === true && start <= minute && minute < end
  if (minute >= start) return days[day] === true
  return minute < end && days[(day + 6) % 7] === true
}

function minuteOf(hour = '', minute = ''): number {
  return hour === '' ? Number.NaN : Number(hour) * 60 + Number(minute)
}

/** `mon-fri`, `sat,sun`, `fri-mon`; `undefined` for anything else. */
function parseDays(text: string): readonly boolean[] | undefined {
  const chosen = text.split(',').map(range => {
    const [first = '', last = first, ...rest] = range.split('-')
    const from = DAYS.indexOf(first)
    const to = DAYS.indexOf(last)
    if (from === -1 || to === -1 || rest.length > 0) return undefined
    return DAYS.map((_, day) => (from <= to ? from <= day && day <= to : day >= from || day <= to))
  })
  if (chosen.includes(undefined)) return undefined
  return DAYS.map((_, day) => chosen.some(range => range?.[day] === true))
}

function zoneClock(zone: string): ZoneClock | undefined {
  if (/^(utc|z)$/i.test(zone)) return utcTime
  try {
    return perMinute(intlClock(zone))
  } catch {
    // RangeError: no such zone.
    return undefined
  }
}

function utcTime(now: number): WallTime {
  const minutes = Math.floor(now / MINUTE_MS)
  const minute = minutes - Math.floor(minutes / DAY_MINUTES) * DAY_MINUTES
  return { day: new Date(now).getUTCDay(), minute }
}

function intlClock(timeZone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return now => {
    const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]))
    const weekday = (parts.get('weekday') ?? '').toLowerCase()
    return {
      day: DAYS.indexOf(weekday),
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    }
  }
}

/** Asks `clock` once a minute: the calendar of a zone costs more than all other conditions of a rule together. */
function perMinute(clock: ZoneClock): ZoneClock {
  let known: { readonly minute: number; readonly time: WallTime } | undefined
  return now => {
    const minute = Math.floor(now / MINUTE_MS)
    if (known?.minute !== minute) known = { minute, time: clock(minute * MINUTE_MS) }
    return known.time
  }
}
