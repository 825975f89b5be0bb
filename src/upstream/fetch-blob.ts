import { Agent, request } from 'undici'
import type { UpstreamAddress } from './address.ts'
import { undiciTarget } from './undici-target.ts'

const CONNECT_TIMEOUT_MS = 3_000
const SILENCE_MS = 60_000
const MAX_CONNECTIONS = 32

/** A blob of a repository from its byte `from`. */
export interface BlobAsk {
  readonly name: string
  readonly digest: string
  readonly from: number
}

/** A registry's answer with a body to be read or discarded. */
export interface StreamedBlob {
  readonly status: number
  /** Declared length of the body. */
  readonly length: number | undefined
  readonly body: AsyncIterable<Uint8Array>
  discard(): void
}

/** GETs blobs for our own use. */
export interface BlobFetch {
  /** A redirect is an answer as any other. Rejects with undici's error, also when `signal` is aborted. */
  fetch(ask: BlobAsk, signal: AbortSignal): Promise<StreamedBlob>
  close(): Promise<void>
}

/** `authorization` is the header's value for pulling from a repository, if the registry wants one. */
export function createBlobFetch(
  address: UpstreamAddress,
  authorization: (name: string) => Promise<string | undefined>,
): BlobFetch {
  const { origin, connect } = undiciTarget(address, CONNECT_TIMEOUT_MS)
  const agent = new Agent({
    connections: MAX_CONNECTIONS,
    connect,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  })
  return {
    fetch: async ({ name, digest, from }, signal) => {
      const header = await authorization(name)
      const { statusCode, headers, body } = await request(`${origin}/v2/${name}/blobs/${digest}`, {
        headers: {
          ...(header === undefined ? {} : { authorization: header }),
          ...(from === 0 ? {} : { range: `bytes=${from}-` }),
        },
        signal,
        dispatcher: agent,
      })
      // An error that comes while nobody reads must have a listener.
      body.on('error', () => undefined)
      const length = headers['content-length']
      return {
        status: statusCode,
        length: typeof length === 'string' ? Number(length) : undefined,
        body,
        discard: () => void body.destroy(),
      }
    },
    close: () => agent.destroy(),
  }
}
