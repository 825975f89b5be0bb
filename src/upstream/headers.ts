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
  const kept = Object.entries(incoming).filter(([name]) => isRequestHeader(name) && !named.has(name))
  return {
    ...Object.fromEntries(kept),
    ...(request.kind === 'upload' && 'content-type' in incoming
      ? { 'content-type': 'application/octet-stream' }
      : {}),
    ...(authorization === undefined ? {} : { authorization }),
    host: peer.host,
    'x-forwarded-proto': peer.scheme,
    'x-forwarded-for': peer.clientIp,
    'x-request-id': peer.id,
  }
}

/** The registry's answer headers for the client: hop-by-hop ones removed, unknown ones kept. */
export function inboundHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = namedByConnection(headers.connection)
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) || named.has(name) ? [] : [[name, value]],
    ),
  )
}

/** The answer headers with every URL of the registry as the client must see it. */
export function publicHeaders(
  headers: IncomingHttpHeaders,
  { peer, address }: { readonly peer: Peer; readonly address: UpstreamAddress },
): Record<string, string | string[]> {
  const { location, link } = headers
  const upstream = address.kind === 'tcp' ? [`${address.host}:${address.port}`, address.host] : []
  const origin = {
    publicOrigin: `${peer.scheme}://${peer.host}`,
    ownHosts: [peer.host.toLowerCase(), ...upstream],
  }
  return {
    ...inboundHeaders(headers),
    ...(location === undefined ? {} : { location: publicLocation(location, origin) }),
    ...(typeof link === 'string' ? { link: publicLink(link) } : {}),
  }
}

function isRequestHeader(name: string): boolean {
  return REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some(prefix => name.startsWith(prefix))
}

/** A client may name headers to drop; never the framing itself. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  const names = (connection ?? '').split(',').map(token => token.trim().toLowerCase())
  return new Set(
    names.filter(name => name !== '' && name !== 'content-length' && name !== 'transfer-encoding'),
  )
}
