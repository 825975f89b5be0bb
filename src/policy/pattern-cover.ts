import { type GlobChunk, type GlobItem, parseGlob } from './glob-syntax.ts'
import { matchedText } from './matched-text.ts'
import type { Matchers } from './matcher.ts'
import { regexSource } from './regex.ts'

const SLASH = 0x2f

/**
 * Whether the pattern `outer` provably matches every text that `inner` matches; an absent pattern matches all.
 * `false` says nothing. Patterns with placeholders cover only their like.
 */
export function covers(outer: string | undefined, inner: string | undefined, matchers: Matchers): boolean {
  if (outer === undefined || outer === inner || isAnything(outer)) return true
  if (inner === undefined || outer.includes('${') || inner.includes('${')) return false
  if (regexSource(inner) !== undefined) return false
  const literal = literalOf(inner)
  if (literal !== undefined) return matchers.written(outer).matches(matchedText(literal))
  return regexSource(outer) === undefined && coversGlob(parseGlob(outer), parseGlob(inner))
}

function isAnything(pattern: string): boolean {
  return ['.*', '^.*', '.*$', '^', '$'].includes(regexSource(pattern) ?? '')
}

/** The only text that a glob without wildcards and escapes matches. */
function literalOf(glob: string): string | undefined {
  return /[*?[\\]/.test(glob) ? undefined : glob
}

/** Provable for `A*B` alone, A and B literal: what lies between them must not be able to hold a slash. */
function coversGlob(
  outer: readonly GlobChunk[] | undefined,
  inner: readonly GlobChunk[] | undefined,
): boolean {
  const ends = outer && endsAroundStar(outer)
  if (ends === undefined || inner === undefined) return false
  const items: readonly (GlobItem | 'star')[] = inner.flatMap(({ star, items }) =>
    star ? [STAR, ...items] : items,
  )
  const first = items[0]
  const last = items.at(-1)
  const head = typeof first === 'string' && first !== STAR ? first : ''
  const tail = items.length > 1 && typeof last === 'string' && last !== STAR ? last : ''
  if (!head.startsWith(ends.before) || !tail.endsWith(ends.after)) return false
  const middle = items.slice(head === '' ? 0 : 1, tail === '' ? undefined : -1)
  const rest = [head.slice(ends.before.length), ...middle, tail.slice(0, tail.length - ends.after.length)]
  return !rest.some(mayHoldSlash)
}

// No literal item is this: literals are UTF-8, and this is no byte.
const STAR = '\u{2605}'

function endsAroundStar(
  chunks: readonly GlobChunk[],
): { readonly before: string; readonly after: string } | undefined {
  const [first, second, ...others] = chunks
  if (first === undefined || others.length > 0) return undefined
  if (second === undefined) return first.star ? withEnds('', literalItem(first)) : undefined
  return first.star ? undefined : withEnds(literalItem(first), literalItem(second))
}

function withEnds(before: string | undefined, after: string | undefined) {
  return before === undefined || after === undefined ? undefined : { before, after }
}

/** The literal that a chunk consists of; `''` for a chunk without items. */
function literalItem({ items }: GlobChunk): string | undefined {
  const [only = ''] = items
  return items.length < 2 && typeof only === 'string' ? only : undefined
}

function mayHoldSlash(item: GlobItem): boolean {
  if (typeof item === 'string') return item.includes('/')
  return item.ranges.some(([low, high]) => low <= SLASH && SLASH <= high) !== item.negated
}
