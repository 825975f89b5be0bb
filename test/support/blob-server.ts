import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ContentExchange, Forward } from '../../src/content/content-exchange.ts'
import type { AnswerTap, Transfer } from '../../src/model/exchange.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import type { Scope } from './scope.ts'

/** A plain server of blobs alone, for whoever answers in front of a registry. */
export interface BlobServer {
  readonly url: string
  readonly transfers: readonly Transfer[]
  /** What `beforeAnswer` was told: the statuses, in their order. */
  readonly announced: readonly number[]
}

export interface BlobServerOptions {
  /** What it answers with, given the registry behind it. */
  readonly front: (forward: Forward<ContentExchange>) => Forward<ContentExchange>
  /** The registry: 418 to everything unless told. */
  readonly forward?: Forward<ContentExchange>
  readonly tap?: AnswerTap
  readonly beforeAnswer?: ContentExchange['beforeAnswer']
}

/** Starts one on loopback. Stopped at teardown. */
export async function startBlobServer(t: Scope, options: BlobServerOptions): Promise<BlobServer> {
  const transfers: Transfer[] = []
  const announced: number[] = []
  const answer = options.front(options.forward ?? teapot)
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const beforeAnswer: ContentExchange['beforeAnswer'] = async head => {
      announced.push(head.status)
      await options.beforeAnswer?.(head)
    }
    const request = parseRegistryRequest(req.method ?? '', req.url ?? '')
    const { tap } = options
    transfers.push(await answer({ req, res, request, beforeAnswer, ...(tap === undefined ? {} : { tap }) }))
  }
  const server = createServer((req, res) => {
    serve(req, res).catch(error => res.writeHead(500).end(String(error)))
  })
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, transfers, announced }
}

async function teapot({ res }: ContentExchange): Promise<Transfer> {
  res.writeHead(418).end()
  return { status: 418, complete: true, bytesIn: 0, bytesOut: 0 }
}
