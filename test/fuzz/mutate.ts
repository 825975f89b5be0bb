import type { Random } from '../policy/random.ts'

const MAX_STEPS = 4

/** How to spoil a text. */
export interface MutateOptions {
  /** Texts that are fine; parts of one may come into another. */
  readonly seeds: readonly string[]
  /** What is put in: separators, escapes, keywords. */
  readonly pieces: readonly string[]
}

/** One of the seeds after up to four random changes, perhaps none. */
export function mutate(random: Random, { seeds, pieces }: MutateOptions): string {
  let text = random.pick(seeds)
  for (let steps = random.below(MAX_STEPS + 1); steps > 0; steps--) {
    text = changed(text, { random, pieces, other: random.pick(seeds) })
  }
  return text
}

function changed(
  text: string,
  {
    random,
    pieces,
    other,
  }: { readonly random: Random; readonly pieces: readonly string[]; readonly other: string },
): string {
  const from = random.below(text.length + 1)
  const to = Math.min(text.length, from + random.below(12))
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  switch (random.below(8)) {
    case 0:
      return before + random.pick(pieces) + part + after
    case 1:
      return before + random.pick(pieces) + after
    case 2:
      return before + after
    case 3:
      return before + part + part + after
    case 4:
      return before + percentEncoded(part, random) + after
    case 5:
      return before + (random.chance(0.5) ? part.toUpperCase() : part.toLowerCase()) + after
    case 6:
      return before + other.slice(random.below(other.length + 1))
    default:
      return before + String.fromCharCode(random.below(random.chance(0.9) ? 0x80 : 0x10000)) + part + after
  }
}

/** All of it or some, once or twice over, in either case. */
function percentEncoded(text: string, random: Random): string {
  const share = random.chance(0.5) ? 1 : 0.3
  const percent = random.chance(0.2) ? '%25' : '%'
  const isUpper = random.chance(0.5)
  return [...Buffer.from(text)]
    .map(byte => {
      if (!random.chance(share)) return String.fromCharCode(byte)
      const hex = byte.toString(16).padStart(2, '0')
      return percent + (isUpper ? hex.toUpperCase() : hex)
    })
    .join('')
}
