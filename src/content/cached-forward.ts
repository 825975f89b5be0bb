import type { IncomingHttpHeaders } from 'node:http'
import type { Transfer } from '../model/exchange.ts'
import type { Found } from './answer-cache.ts'
import type { ContentExchange } from './content-exchange.ts'
import { forwardLearning } from './forward-learning.ts'
import { matchesEntityTag } from './matches-entity-tag.ts'
import type { MemoryCache } from './memory-cache.ts'
import { sendStored } from './send-stored.ts'
import type { Ask, Shelf } from './shelf.ts'
import { changeOf, watchedWrite } from './watched-write.ts'

/** What became of a request that a cache might have answered. */
export type CountCacheRequest = (cache: string, result: 'hit' | 'miss') => void

/**
 * `forward` with the caches before it: for requests that have been authorized. Reads are answered from memory where that
 * is as good as the registry's own answer, and teach the caches otherwise; writes are watched.
 */
export function createCachedForward<Exchange extends ContentExchange>(
  forward: (exchange: Exchange) => Promise<Transfer>,
  { cache, count }: { readonly cache: MemoryCache; readonly count: CountCacheRequest },
): (exchange: Exchange) => Promise<Transfer> {
  return exchange => {
    const change = changeOf(exchange.request)
    if (change !== undefined) return watchedWrite(forward, { exchange, change, freshness: cache.freshness })
    const read = isPlainRead(exchange.req.headers) ? readOf(cache, exchange) : undefined
    if (read === undefined) return forward(exchange)
    const { ask, shelf } = read
    const found = shelf?.find(ask)
    if (shelf !== undefined) count(shelf.name, found === undefined ? 'miss' : 'hit')
    return found === undefined ? forwardLearning(forward, exchange, read) : reply(exchange, ask, found)
  }
}

/** Headers with which the registry may answer otherwise than with the whole content. */
const SPECIAL = [
  'range',
  'cache-control',
  'pragma',
  'expect',
  'if-match',
  'if-range',
  'if-modified-since',
  'if-unmodified-since',
]
/** Any other word names headers that are dropped on the way. */
const CONNECTION = /^(?:keep-alive|close)$/i

function isPlainRead(headers: IncomingHttpHeaders): boolean {
  for (const name of SPECIAL) if (headers[name] !== undefined) return false
  return headers.connection === undefined || CONNECTION.test(headers.connection)
}

interface Read {
  readonly ask: Ask
  /** Where to look it up. */
  readonly shelf: Shelf | undefined
  /** What the answer teaches. */
  readonly learners: readonly (Shelf | undefined)[]
}

function readOf(
  { manifests, tags, blobs }: MemoryCache,
  { request, req: { headers } }: ContentExchange,
): Read | undefined {
  if (request.kind !== 'manifest' && request.kind !== 'blob') return undefined
  const isHead = request.verb === 'check'
  if (!isHead && request.verb !== 'read') return undefined
  const { name: repository } = request
  if (request.kind === 'blob') {
    const reference = { kind: 'digest', digest: request.digest } as const
    return { ask: { repository, reference, isHead, headers }, shelf: blobs, learners: [blobs] }
  }
  const ask = { repository, reference: request.reference, isHead, headers }
  return request.reference.kind === 'tag'
    ? { ask, shelf: tags, learners: [tags, manifests] }
    : { ask, shelf: manifests, learners: [manifests] }
}

function reply(exchange: ContentExchange, ask: Ask, { answer, body }: Found): Promise<Transfer> {
  const cached = ask.headers['if-none-match']
  // For manifests distribution takes the tag without quotes, too.
  const isBare = exchange.request.kind === 'manifest' && cached === answer.digest
  if (cached !== undefined && (isBare || matchesEntityTag(cached, answer.etag))) {
    return sendStored(exchange, { head: answer.notModified })
  }
  return sendStored(exchange, { head: answer.ok, body: ask.isHead ? undefined : body })
}
