/**
 * A text as patterns read it. `bytes` is its UTF-8 form with one character a byte, for globs: Go matches
 * them byte by byte, so `*` may stop inside a character. Regular expressions read `text`.
 */
export interface MatchedText {
  readonly text: string
  readonly bytes: string
}

/** Both forms of `text`; the same string twice when it is ASCII. */
export function matchedText(text: string): MatchedText {
  return { text, bytes: utf8Bytes(text) }
}

/** The UTF-8 form of `text`, one character a byte. */
export function utf8Bytes(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return false
  }
  return true
}
