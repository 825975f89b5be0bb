import { Agent, type Dispatcher, request } from 'undici'
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
  /** The answer of the registry, or that of its storage. Rejects with undici's error, also when `signal` is aborted. */
  fetch(ask: BlobAsk, signal: AbortSignal): Promise<StreamedBlob>
  close(): Promise<void>
}

export interface BlobFetchOptions {
  /** Value of the Authorization header for pulling from a repository, if the registry wants one. */
  readonly authorization: (name: string) => Promise<string | undefined>
  /** Whether a redirect to this place is followed, once and without our token; any other is an answer as it is. */
  readonly isStorage: (url: URL) => boolean
}

export function createBlobFetch(
  address: UpstreamAddress,
  { authorization, isStorage }: BlobFetchOptions,
): BlobFetch {
  const { origin, connect } = undiciTarget(address, CONNECT_TIMEOUT_MS)
  const limits = { connections: MAX_CONNECTIONS, headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS }
  const registry = new Agent({ ...limits, connect })
  const storage = new Agent({ ...limits, connect: { timeout: CONNECT_TIMEOUT_MS } })
  return {
    fetch: async ({ name, digest, from }, signal) => {
      const token = await authorization(name)
      const range = from === 0 ? {} : { range: `bytes=${from}-` }
      const answer = await request(`${origin}/v2/${name}/blobs/${digest}`, {
        headers: { ...range, ...(token === undefined ? {} : { authorization: token }) },
        signal,
        dispatcher: registry,
      })
      const place = storagePlace(answer)
      if (place === undefined || !isStorage(place)) return streamed(answer)
      streamed(answer).discard()
      return streamed(await request(place, { headers: range, signal, dispatcher: storage }))
    },
    close: async () => {
      await Promise.all([registry.destroy(), storage.destroy()])
    },
  }
}

/** Where the registry sends whoever wants a blob; undefined when it gives it itself. */
function storagePlace({ statusCode, headers: { location } }: Dispatcher.ResponseData): URL | undefined {
  const isRedirect = statusCode === 302 || statusCode === 307
  // A relative one would lead back to the registry.
  return isRedirect && typeof location === 'string' ? (URL.parse(location) ?? undefined) : undefined
}

function streamed({ statusCode: status, headers, body }: Dispatcher.ResponseData): StreamedBlob {
  // An error that comes while nobody reads must have a listener.
  body.on('error', () => undefined)
  const length = headers['content-length']
  return {
    status,
    length: typeof length === 'string' ? Number(length) : undefined,
    body,
    discard: () => void body.destroy(),
  }
}
