import { lineHash } from '../line-hash.ts'
import type { LinePlace } from './numbering.ts'

/** The last line of a log. */
export interface LastLine extends LinePlace {
  /** What the server did last: `server.stop` when it ended as it should. */
  readonly action: string | undefined
}

/**
 * The last numbered line among `lines`, the end of a log; `undefined` when there is none. The hash is that of the line
 * which stands last, whatever it is.
 */
export function lastLineOf(lines: readonly string[]): LastLine | undefined {
  const end = lines.at(-1)
  if (end === undefined) return undefined
  const newestFirst = lines
    .toReversed()
    .map(placeOf)
    .filter(found => found !== undefined)
  const [newest] = newestFirst
  if (newest === undefined) return undefined
  const done = newestFirst.find(({ action }) => !action.startsWith('audit.'))
  return { seq: newest.seq, hash: lineHash(end), action: done?.action }
}

function placeOf(line: string): { readonly seq: number; readonly action: string } | undefined {
  try {
    const { seq, action } = JSON.parse(line) as { readonly seq?: unknown; readonly action?: unknown }
    return Number.isSafeInteger(seq) ? { seq: seq as number, action: String(action) } : undefined
  } catch {
    // The line before it may be one of ours; the first may begin in the middle.
    return undefined
  }
}
