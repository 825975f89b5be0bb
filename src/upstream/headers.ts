import type { IncomingHttpHeaders } from 'node:http'
import type { Peer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import type { UpstreamAddress } from './address.ts'
import { publicLink, publicLocation } from './location.ts'

/** The request headers that the registry API knows; everything else a client sends stays here. */
const REQUEST_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'user-agent',
])
const NONE: ReadonlySet<string> = new Set()
const REQUEST_PREFIXES = ['oci-', 'docker-']

/** Spec: RFC 9110 §7.6.1, plus what old proxies sent. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * The headers of the request to the registry. `Host` stays as the client typed it and exactly one
 * `X-Forwarded-Proto` is sent, because the registry builds its `Location` from both.
 * Upload bodies are octet streams: a form body would override the query (`r.FormValue`).
 */
export function outboundHeaders(
  incoming: IncomingHttpHeaders,
  options: {
    readonly peer: Peer
    readonly request: RegistryRequest
    readonly authorization: string | undefined
  },
): IncomingHttpHeaders {
  const { peer, request, authorization } = options
  const named = namedByConnection(incoming.connection)
  const kept: IncomingHttpHeaders = {}
  for (const name in incoming) if (isRequestHeader(name) && !named.has(name)) kept[name] = incoming[name]
  if (request.kind === 'upload' && 'content-type' in incoming)
    kept['content-type'] = 'application/octet-stream'
  if (authorization !== undefined) kept.authorization = authorization
  kept.host = peer.host
  kept['x-forwarded-proto'] = peer.scheme
  kept['x-forwarded-for'] = peer.clientIp
  kept['x-request-id'] = peer.id
  return kept
}

/** The registry's answer headers for the client: hop-by-hop ones removed, unknown ones kept. */
export function inboundHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedByConnection(headers.connection)
  const kept: Record<string, string | string[]> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = value
  }
  return kept
}

/** The answer headers with every URL of the registry as the client must see it. */
export function publicHeaders(
  headers: IncomingHttpHeaders,
  { peer, address }: { readonly peer: Peer; readonly address: UpstreamAddress },
): Record<string, string | string[]> {
  const { location, link } = headers
  const shown = inboundHeaders(headers)
  if (typeof link === 'string') shown['link'] = publicLink(link)
  if (location === undefined) return shown
  const upstream = address.kind === 'tcp' ? [`${address.host}:${address.port}`, address.host] : []
  const origin = {
    publicOrigin: `${peer.scheme}://${peer.host}`,
    ownHosts: [peer.host.toLowerCase(), ...upstream],
  }
  shown['location'] = publicLocation(location, origin)
  return shown
}

function isRequestHeader(name: string): boolean {
  return REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some(prefix => name.startsWith(prefix))
}

/** A client may name headers to drop; never the framing itself. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE
  const names = connection.split(',').map(token => token.trim().toLowerCase())
  return new Set(
    names.filter(name => name !== '' && name !== 'content-length' && name !== 'transfer-encoding'),
  )
}
