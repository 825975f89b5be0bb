import { type GlobChunk, type GlobItem, parseGlob, type RuneClass } from './glob-syntax.ts'
import { utf8Bytes } from './matched-text.ts'

/** Tells whether the whole of a text, given as `MatchedText.bytes`, matches. */
export type Glob = (bytes: string) => boolean

const NO_MATCH = -1
const REPLACEMENT_CHARACTER = 0xfffd

/**
 * The glob `pattern`, ready to run any number of times; `undefined` when it is malformed.
 * The result is Go's to the letter: after a star the leftmost match of the next chunk is taken and never
 * reconsidered, so the time is bounded by the product of the lengths.
 * Spec: https://pkg.go.dev/path#Match.
 */
export function compileGlob(pattern: string): Glob | undefined {
  const chunks = parseGlob(pattern)
  if (chunks === undefined) return undefined
  const literal = literalOf(chunks)
  if (literal !== undefined) return bytes => bytes === literal
  // Most texts lack a literal of the pattern, which is found missing faster than the chunks can be tried.
  const head = headOf(chunks)
  const tail = tailOf(chunks)
  const needed = longestLiteral(chunks)
  return bytes =>
    bytes.startsWith(head) && bytes.endsWith(tail) && bytes.includes(needed) && matchChunks(chunks, bytes)
}

/** Whether `text` matches the glob `pattern`. A malformed pattern matches nothing. */
export function matchGlob(pattern: string, text: string): boolean {
  return compileGlob(pattern)?.(utf8Bytes(text)) ?? false
}

function literalOf(chunks: readonly GlobChunk[]): string | undefined {
  const [chunk] = chunks
  if (chunk === undefined) return ''
  const [item] = chunk.items
  const single = chunks.length === 1 && chunk.items.length === 1 && !chunk.star
  return single && typeof item === 'string' ? item : undefined
}

/** What every match begins with. */
function headOf([first]: readonly GlobChunk[]): string {
  const item = first?.items[0]
  return typeof item === 'string' && first?.star === false ? item : ''
}

/** What every match ends with. */
function tailOf(chunks: readonly GlobChunk[]): string {
  const last = chunks.at(-1)?.items.at(-1)
  return typeof last === 'string' ? last : ''
}

function longestLiteral(chunks: readonly GlobChunk[]): string {
  const literals = chunks.flatMap(({ items }) => items.filter(item => typeof item === 'string'))
  return literals.reduce((longest, literal) => (literal.length > longest.length ? literal : longest), '')
}

function matchChunks(chunks: readonly GlobChunk[], bytes: string): boolean {
  const last = chunks.at(-1)
  let at = 0
  for (const chunk of chunks) {
    if (chunk.items.length === 0) return !bytes.includes('/', at)
    at = chunk === last ? endOfLast(chunk, bytes, at) : endOfChunk(chunk, bytes, at)
    if (at === NO_MATCH) return false
  }
  return true
}

/** End of the leftmost match of a chunk that has another behind it. */
function endOfChunk({ star, items }: GlobChunk, bytes: string, from: number): number {
  for (let start = from; ; start++) {
    const end = matchItems(items, bytes, start)
    if (end !== NO_MATCH || !star || !isSkippable(bytes, start)) return end
  }
}

/** As `endOfChunk`, for the last chunk, which must reach the end of the text. */
function endOfLast({ star, items }: GlobChunk, bytes: string, from: number): number {
  for (let start = from; ; start++) {
    if (matchItems(items, bytes, start) === bytes.length) return bytes.length
    if (!star || !isSkippable(bytes, start)) return NO_MATCH
  }
}

function isSkippable(bytes: string, at: number): boolean {
  return at < bytes.length && bytes[at] !== '/'
}

function matchItems(items: readonly GlobItem[], bytes: string, from: number): number {
  let at = from
  for (const item of items) {
    if (typeof item === 'string') {
      if (!bytes.startsWith(item, at)) return NO_MATCH
      at += item.length
      continue
    }
    if (at >= bytes.length) return NO_MATCH
    const width = runeWidth(bytes.charCodeAt(at))
    if (!isInClass(item, runeAt(bytes, at, width))) return NO_MATCH
    at += width
  }
  return at
}

function isInClass({ negated, ranges }: RuneClass, rune: number): boolean {
  return ranges.some(([low, high]) => low <= rune && rune <= high) !== negated
}

/** A text is whole UTF-8, so that the only invalid place to start at is a continuation byte. */
function runeWidth(first: number): number {
  if (first < 0xc0) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

function runeAt(bytes: string, at: number, width: number): number {
  const first = bytes.charCodeAt(at)
  if (width === 1) return first < 0x80 ? first : REPLACEMENT_CHARACTER
  let rune = first & (0x7f >> width)
  for (let next = at + 1; next < at + width; next++) rune = (rune << 6) | (bytes.charCodeAt(next) & 0x3f)
  return rune
}
