import type { AnswerHead, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import type { ContentExchange } from './content-exchange.ts'
import type { ContentChange, Freshness } from './freshness.ts'

/** A change of one repository. */
type RepositoryChange = ContentChange & { readonly repository: string }

/** What a request may change of what the caches believe; uploads and mounts only add what was never said to be absent. */
export function changeOf(request: RegistryRequest): RepositoryChange | undefined {
  if (request.kind !== 'manifest' && request.kind !== 'blob') return undefined
  const { name: repository } = request
  if (request.verb === 'delete') return { repository, scope: 'all' }
  return request.verb === 'write' ? { repository, scope: 'tags' } : undefined
}

/** Forwards a write; the caches have forgotten what it changed before its answer goes out. */
export function watchedWrite<Exchange extends ContentExchange>(
  forward: (exchange: Exchange) => Promise<Transfer>,
  {
    exchange,
    change,
    freshness,
  }: { readonly exchange: Exchange; readonly change: RepositoryChange; readonly freshness: Freshness },
): Promise<Transfer> {
  return freshness.during(change, settle =>
    forward({
      ...exchange,
      beforeAnswer: async (head: AnswerHead) => {
        await settle()
        await exchange.beforeAnswer(head)
      },
    }),
  )
}

/** `send`, which returns the whole answer to a write, with the caches told. */
export function createWatchedSend<Exchange extends { readonly request: RegistryRequest }, Answer>(
  send: (exchange: Exchange, body?: Uint8Array) => Promise<Answer>,
  freshness: Freshness,
): (exchange: Exchange, body?: Uint8Array) => Promise<Answer> {
  return (exchange, body) => {
    const change = changeOf(exchange.request)
    return change === undefined ? send(exchange, body) : freshness.during(change, () => send(exchange, body))
  }
}
