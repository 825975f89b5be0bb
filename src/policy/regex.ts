import { RE2JS } from 're2js'
import { messageOf } from '../model/message-of.ts'

/** The expression inside `/…/`; `undefined` when `pattern` is a glob, as `/` and `//` are. */
export function regexSource(pattern: string): string | undefined {
  const isRegex = pattern.length > 2 && pattern.startsWith('/') && pattern.endsWith('/')
  return isRegex ? pattern.slice(1, -1) : undefined
}

/** A compiled expression, or what is wrong with it in RE2's words. */
export type RegexResult = { readonly regex: RE2JS } | { readonly fault: string }

/** Compiles an RE2 expression, which matches in linear time and unanchored. Never throws. */
export function compileRegex(source: string): RegexResult {
  const result = tryCompile(source)
  // Go lets groups share a name and re2js does not; nothing here refers to a group by its name.
  const isDuplicate = 'fault' in result && result.fault.includes('duplicate capture group name')
  return isDuplicate ? tryCompile(withoutGroupNames(source)) : result
}

/**
 * `text` with every metacharacter escaped by a backslash, which is a literal in globs as well.
 * Spec: Go `regexp.QuoteMeta`.
 */
export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function tryCompile(source: string): RegexResult {
  try {
    return { regex: RE2JS.compile(source) }
  } catch (error) {
    return { fault: messageOf(error) }
  }
}

function withoutGroupNames(source: string): string {
  // Quoted runs, escapes and classes are stepped over, so that what remains is the start of a named group.
  const token = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?P?<\w+>/gs
  return source.replace(token, text => (text.startsWith('(') ? '(' : text))
}
