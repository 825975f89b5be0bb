import { utf8Bytes } from './matched-text.ts'

/** A set of runes; `ranges` are inclusive code points. */
export interface RuneClass {
  readonly negated: boolean
  readonly ranges: readonly (readonly [low: number, high: number])[]
}

/** What stands between two stars: literal bytes (one character a byte) and single-rune classes. */
export type GlobItem = string | RuneClass

/** `items` found in this order without a gap; with `star`, after any run of non-slash bytes. */
export interface GlobChunk {
  readonly star: boolean
  readonly items: readonly GlobItem[]
}

/** `?` is any rune but the slash. */
const ANY_BUT_SLASH: RuneClass = { negated: true, ranges: [[0x2f, 0x2f]] }

interface Parsed<T> {
  readonly value: T
  readonly next: number
}

/**
 * The chunks of a glob; `undefined` when it is malformed.
 * Spec: https://pkg.go.dev/path#Match.
 */
export function parseGlob(pattern: string): readonly GlobChunk[] | undefined {
  const runes = Array.from(pattern)
  const chunks: GlobChunk[] = []
  let star = false
  let items: GlobItem[] = []
  for (let at = 0; at < runes.length; ) {
    if (runes[at] === '*') {
      if (items.length > 0) chunks.push({ star, items })
      star = true
      items = []
      at += 1
      continue
    }
    const item = parseItem(runes, at)
    if (item === undefined) return undefined
    append(items, item.value)
    at = item.next
  }
  if (star || items.length > 0) chunks.push({ star, items })
  return chunks
}

function append(items: GlobItem[], item: GlobItem): void {
  const last = items.at(-1)
  if (typeof last === 'string' && typeof item === 'string') items[items.length - 1] = last + item
  else items.push(item)
}

function parseItem(runes: readonly string[], at: number): Parsed<GlobItem> | undefined {
  const rune = runes[at]
  if (rune === '?') return { value: ANY_BUT_SLASH, next: at + 1 }
  if (rune === '[') return parseClass(runes, at + 1)
  const escaped = rune === '\\'
  const literal = escaped ? runes[at + 1] : rune
  if (literal === undefined) return undefined
  return { value: utf8Bytes(literal), next: at + (escaped ? 2 : 1) }
}

/** `start` is the place after `[`. A closing bracket in the first place is malformed, not literal. */
function parseClass(runes: readonly string[], start: number): Parsed<RuneClass> | undefined {
  const negated = runes[start] === '^'
  const ranges: [number, number][] = []
  let at = negated ? start + 1 : start
  while (runes[at] !== ']' || ranges.length === 0) {
    const low = parseBound(runes, at)
    if (low === undefined) return undefined
    const high = runes[low.next] === '-' ? parseBound(runes, low.next + 1) : low
    if (high === undefined) return undefined
    ranges.push([low.value, high.value])
    at = high.next
  }
  return { value: { negated, ranges }, next: at + 1 }
}

/** One rune of a class. The class must go on after it, so the last rune of the pattern is malformed. */
function parseBound(runes: readonly string[], at: number): Parsed<number> | undefined {
  const rune = runes[at]
  if (rune === undefined || rune === '-' || rune === ']') return undefined
  const escaped = rune === '\\'
  const value = (escaped ? runes[at + 1] : rune)?.codePointAt(0)
  const next = at + (escaped ? 2 : 1)
  if (value === undefined || next >= runes.length) return undefined
  return { value, next }
}
