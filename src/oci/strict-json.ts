/** A JSON value, or why the bytes are not one that everybody reads alike. */
export type StrictJson = { readonly value: unknown } | { readonly fault: string }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/**
 * The value of a JSON text in UTF-8 without a byte order mark, nested at most `maxDepth` deep. A key that an object
 * has twice is a fault: which value counts differs between readers, and Go even merges them. Never throws.
 * Spec: RFC 8259 §4, §8.1.
 */
export function parseStrictJson(bytes: Uint8Array, { maxDepth }: { readonly maxDepth: number }): StrictJson {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    const fault = structureFault(text, maxDepth)
    return fault === undefined ? { value } : { fault }
  } catch {
    // Neither decoder says where the fault is without quoting the text.
    return { fault: 'is not valid JSON' }
  }
}

/** Looks only at brackets and strings, which is enough in a text that is known to be JSON. */
function structureFault(text: string, maxDepth: number): string | undefined {
  // The keys so far of each object that is open; a list has none.
  const keys: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (keys.length === maxDepth) return `is nested deeper than ${maxDepth} levels`
        keys.push(text.charCodeAt(at) === OPEN_BRACE ? new Set() : undefined)
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        keys.pop()
        break
      case QUOTE: {
        const end = endOfString(text, at)
        if (isKey(text, end) && !remember(keys.at(-1), text.slice(at, end))) return 'has a key twice'
        at = end - 1
      }
    }
  }
  return undefined
}

/** Place after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}

function isKey(text: string, from: number): boolean {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at += 1
  return text.charCodeAt(at) === COLON
}

/** False when the key, whichever way it is escaped, is there already. */
function remember(keys: Set<string> | undefined, quoted: string): boolean {
  const key: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
  if (keys === undefined || keys.has(key)) return false
  keys.add(key)
  return true
}
