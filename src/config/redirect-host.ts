import { parseDomain } from './address.ts'
import type { Parsed } from './schema-kit.ts'

/** `HOST`, `*.SUFFIX`, or either with `:PORT`, in lower case. */
export function parseRedirectHost(text: string): Parsed<string> {
  const isWild = text.startsWith('*.')
  const host = parseDomain(isWild ? text.slice(2) : text)
  const fault = 'must be HOST, HOST:PORT or *.SUFFIX'
  if (!('value' in host)) return { ...host, fault }
  if (!isWild) return host
  // Whoever may have a name under a whole top-level domain is everybody.
  const isNarrow = /^(?!\d+(?:\.\d+)*(?::|$))[^.[\]]+\.[^[\]]+$/.test(host.value)
  return isNarrow ? { value: `*.${host.value}` } : { fault, hint: 'a suffix has two parts or more' }
}
