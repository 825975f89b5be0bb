import type { Clock } from '../model/ports.ts'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ' // Crockford base32
const TIME_LENGTH = 10
const RANDOM_LENGTH = 16
const TIME_MAX = 2 ** 48 - 1

/** Fresh random bytes, as many as asked for. */
export type RandomBytes = (size: number) => Uint8Array

/**
 * A generator of ULIDs: 26 characters, each greater than the one before, also when the clock stands still or
 * goes back. Spec: github.com/ulid/spec, "Monotonicity"; where its random part would overflow, the time moves on
 * by a millisecond instead of failing.
 */
export function createUlid(clock: Clock, random: RandomBytes): () => string {
  let time = -1
  let timeText = ''
  let digits: number[] = []
  /** All but the last character, which alone changes most of the time. */
  let stem = ''

  function restart(ms: number): void {
    time = ms
    timeText = encodeTime(ms)
    digits = Array.from(random(RANDOM_LENGTH), byte => byte & 31)
    stem = stemOf(timeText, digits)
  }
  return () => {
    const now = Math.min(Math.max(Math.trunc(clock()), 0), TIME_MAX)
    if (now > time) restart(now)
    else if (!increment(digits)) restart(time + 1)
    const last = digits.at(-1) ?? 0
    if (last === 0) stem = stemOf(timeText, digits)
    return stem + ALPHABET.charAt(last)
  }
}

function stemOf(timeText: string, digits: readonly number[]): string {
  const characters = digits.slice(0, -1).map(digit => ALPHABET.charAt(digit))
  return timeText + characters.join('')
}

function encodeTime(ms: number): string {
  let rest = ms
  let text = ''
  for (let index = 0; index < TIME_LENGTH; index++) {
    text = ALPHABET.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** Adds one to a big-endian number of base-32 digits; `false` when it was the greatest. */
function increment(digits: number[]): boolean {
  for (let index = digits.length - 1; index >= 0; index--) {
    const digit = digits[index] ?? 0
    digits[index] = (digit + 1) & 31
    if (digit < 31) return true
  }
  return false
}
