/** Repeatable choices: the same seed gives the same sequence. */
export interface Random {
  /** A whole number from 0 to `limit` - 1. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(values: readonly T[]) => T
  /** As many as `most` of the values, perhaps none, in any order, repeats possible. */
  readonly some: <T>(values: readonly T[], most: number) => readonly T[]
}

/** Mulberry32, enough to spread tests. */
export function createRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }
  return {
    below,
    chance: probability => next() < probability,
    pick,
    some: (values, most) => Array.from({ length: below(most + 1) }, () => pick(values)),
  }
}
