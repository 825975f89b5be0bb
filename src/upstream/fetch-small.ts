import { Agent, type Dispatcher, request } from 'undici'
import type { UpstreamAddress } from './address.ts'
import { unavailable } from './unavailable.ts'
import { undiciTarget } from './undici-target.ts'

const CONNECT_TIMEOUT_MS = 3_000
const MAX_BYTES = 8 * 1024 * 1024
const TIMEOUT_MS = 10_000
const MAX_REDIRECTS = 3

export interface SmallFetchOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** From the beginning to the last byte, ms; 10 s unless told. */
  readonly timeoutMs?: number
  /** 8 MiB unless told. */
  readonly maxBytes?: number
}

/** A whole answer; `body` is undefined when it is larger than the bound. */
export interface SmallAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: Buffer | undefined
}

/** GETs small things of the registry, for our own use. */
export interface SmallFetch {
  /**
   * The answer to a GET of `path`. A redirect, as registries with object storage give for blobs, is followed up to
   * three times, without our headers.
   * @throws UpstreamUnavailable when there is no whole answer in time.
   */
  get(path: string, options?: SmallFetchOptions): Promise<SmallAnswer>
  close(): Promise<void>
}

/** At most eight connections to the registry; a redirect to a place that `mayFollow` does not tell stays the answer. */
export function createSmallFetch(
  address: UpstreamAddress,
  mayFollow: (url: URL) => boolean = () => true,
): SmallFetch {
  const { origin, connect } = undiciTarget(address, CONNECT_TIMEOUT_MS)
  const registry = new Agent({ connections: 8, connect })
  const storage = new Agent({ connections: 8, connect: { timeout: CONNECT_TIMEOUT_MS } })
  return {
    get: async (path, options = {}) => {
      const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)
      try {
        const { headers = {}, maxBytes = MAX_BYTES } = options
        const first = await request(origin + path, { headers, signal, dispatcher: registry })
        const last = await follow(first, { signal, dispatcher: storage, mayFollow })
        return { status: last.statusCode, headers: last.headers, body: await readBounded(last, maxBytes) }
      } catch (cause) {
        throw unavailable(address, cause)
      }
    },
    close: async () => {
      await Promise.all([registry.destroy(), storage.destroy()])
    },
  }
}

async function follow(
  answer: Dispatcher.ResponseData,
  options: {
    readonly signal: AbortSignal
    readonly dispatcher: Agent
    readonly mayFollow: (url: URL) => boolean
  },
): Promise<Dispatcher.ResponseData> {
  let current = answer
  for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
    const { location } = current.headers
    const isRedirect = current.statusCode >= 300 && current.statusCode < 400 && current.statusCode !== 304
    // A relative one would lead back to the registry, which asks for a token again.
    if (!isRedirect || typeof location !== 'string' || !/^https?:\/\//i.test(location)) return current
    const url = URL.parse(location)
    if (url === null || !options.mayFollow(url)) return current
    await current.body.dump()
    const { signal, dispatcher } = options
    current = await request(location, { signal, dispatcher })
  }
  return current
}

async function readBounded({ body }: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length
    // Leaving the loop destroys the body and its connection.
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}
