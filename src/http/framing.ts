import type { IncomingMessage } from 'node:http'
import { hasBody } from '../model/has-body.ts'
import { isHttp2 } from './http2-request.ts'

/** Methods that carry no body anywhere in the registry API. */
const BODYLESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** Headers that decide where a message ends or whom it is for; a second one is an attack or a fault. */
const SINGLE = new Set(['host', 'content-length', 'transfer-encoding', 'authorization', 'content-type'])

const SINGLE_LENGTHS = new Set([...SINGLE].map(name => name.length))

/** RFC 3986 §3.2.2, and `_` of container networks. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/**
 * The fault in the framing of a request, as one sentence, or `undefined` when it is unambiguous.
 * Node's parser already refuses the worst; this also refuses what a laxer upstream could read otherwise.
 * Spec: RFC 9112 §2.3, §3.2, §6.1, §6.3; CVE-2026-29057 (a chunked DELETE through a proxy).
 */
export function framingFault(req: IncomingMessage): string | undefined {
  const { host } = req.headers
  if (req.httpVersion !== '1.1' && req.httpVersion !== '1.0' && !isHttp2(req))
    return 'only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here'
  if (!req.url?.startsWith('/')) return 'the request target is not a path'
  const repeated = repeatedHeader(req.rawHeaders)
  if (repeated !== undefined) return `the header ${repeated} is given more than once`
  if (host === undefined && req.httpVersion === '1.1') return 'there is no Host'
  if (host !== undefined && !HOST.test(host)) return 'Host is not the name of a host'
  return bodyFault(req)
}

function bodyFault(req: IncomingMessage): string | undefined {
  const encoding = req.headers['transfer-encoding']
  const length = req.headers['content-length']
  if (encoding !== undefined && length !== undefined) {
    return 'Transfer-Encoding and Content-Length exclude each other'
  }
  if (encoding !== undefined && encoding !== 'chunked') return 'Transfer-Encoding may only be "chunked"'
  if (encoding !== undefined && req.httpVersion === '1.0') return 'HTTP/1.0 has no Transfer-Encoding'
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return 'Content-Length is not a number'
  if (hasBody(req.headers) && BODYLESS.has(req.method ?? '')) return `${req.method} takes no body`
  return undefined
}

function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i] ?? ''
    if (!SINGLE_LENGTHS.has(raw.length)) continue
    const name = raw.toLowerCase()
    if (!SINGLE.has(name)) continue
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}
