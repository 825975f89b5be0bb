import { Agent, type Dispatcher, request } from 'undici'
import type { UpstreamAddress } from './address.ts'
import { undiciTarget } from './undici-target.ts'

const CONNECT_TIMEOUT_MS = 3_000
const ANSWER_TIMEOUT_MS = 10_000

/** Our own small requests to the registry, apart from those that we forward. */
export interface UpstreamClient {
  /** The answer with its body discarded. Rejects with undici's error when the registry cannot be asked. */
  head(
    path: string,
    options: HeadOptions,
  ): Promise<{ status: number; headers: Dispatcher.ResponseData['headers'] }>
  close(): Promise<void>
}

export interface HeadOptions {
  readonly method: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
}

/** A client with short time limits and at most four connections. */
export function createUpstreamClient(address: UpstreamAddress): UpstreamClient {
  const { origin, connect } = undiciTarget(address, CONNECT_TIMEOUT_MS)
  const agent = new Agent({
    connections: 4,
    connect,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  })
  return {
    head: async (path, { method, headers = {} }) => {
      const answer = await request(origin + path, { method, headers, dispatcher: agent })
      await answer.body.dump()
      return { status: answer.statusCode, headers: answer.headers }
    },
    close: () => agent.destroy(),
  }
}
