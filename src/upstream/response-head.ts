import type { IncomingHttpHeaders } from 'node:http'

/** How the end of an answer's body is known. Spec: RFC 9112 §6.3. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until close' }

/** The head of an answer of the registry. */
export interface ResponseHead {
  readonly status: number
  /** Names in lower case, repeated ones joined as Node's parser does. */
  readonly headers: IncomingHttpHeaders
  readonly framing: BodyFraming
  /** The registry ends the connection after this answer. */
  readonly isLast: boolean
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const FORBIDDEN_IN_VALUE = /[\0-\x08\x0a-\x1f\x7f]/

/** Of these the first counts, as in Node's parser. */
const SINGLE = new Set(['content-type', 'etag', 'last-modified', 'location', 'retry-after', 'server', 'age'])

/**
 * Reads a head, `text` without the empty line at its end, as the answer to `method`. The registry is trusted, but what
 * it sends may hold what a client pushed, so whatever could be read in two ways is a fault.
 * @throws Error that says what is wrong with the head.
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n')
  const [, minor, code] = STATUS_LINE.exec(first) ?? []
  if (code === undefined) throw new Error('the answer does not begin with an HTTP/1.1 status')
  const status = Number(code)
  const headers = readFields(lines)
  const connection = headers.connection?.toLowerCase() ?? ''
  const framing = framingOf(headers, { status, method })
  const isKept = minor === '1' ? !connection.includes('close') : false
  return { status, headers, framing, isLast: !isKept || framing.kind === 'until close' }
}

function readFields(lines: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (colon < 1 || !NAME.test(name) || FORBIDDEN_IN_VALUE.test(value)) {
      throw new Error('the answer has a malformed header')
    }
    addField(headers, name, value)
  }
  return headers
}

function addField(headers: IncomingHttpHeaders, name: string, value: string): void {
  const before = headers[name]
  if (name === 'set-cookie') headers[name] = [...(headers[name] ?? []), value]
  else if (before === undefined) headers[name] = value
  else if (name === 'content-length' || name === 'transfer-encoding') {
    if (before !== value || name === 'transfer-encoding') throw new Error(`the answer has two ${name}`)
  } else if (!SINGLE.has(name)) headers[name] = `${String(before)}, ${value}`
}

function framingOf(
  headers: IncomingHttpHeaders,
  { status, method }: { readonly status: number; readonly method: string },
): BodyFraming {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers
  if (length !== undefined && encoding !== undefined) throw new Error('the answer has two kinds of length')
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new Error('the answer has a malformed length')
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    throw new Error('the answer has a transfer encoding other than chunked')
  }
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return { kind: 'none' }
  if (encoding !== undefined) return { kind: 'chunked' }
  return length === undefined ? { kind: 'until close' } : { kind: 'length', bytes: Number(length) }
}
