import { Readable } from 'node:stream'
import { Agent, request as askStorage, type Dispatcher } from 'undici'
import { UpstreamUnavailable } from '../model/errors.ts'
import type { AnswerHead } from '../model/exchange.ts'
import type { ForwardExchange, OnRedirect } from './forward.ts'
import { blobHeaders, storageRequestHeaders } from './storage-headers.ts'
import { streamedAnswer } from './streamed-answer.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

/** How long the storage may take, ms. */
export interface StorageLimits {
  readonly connectMs: number
  readonly headMs: number
  /** Without a byte of the body, while the client takes what comes. */
  readonly silenceMs: number
}

const LIMITS: StorageLimits = { connectMs: 5_000, headMs: 60_000, silenceMs: 5 * 60_000 }

/** Fetches blobs where the registry sends the client. */
export interface RedirectFollower {
  /**
   * The storage's answer with the headers of the registry's own, when `head` leads a pull of a blob elsewhere.
   * One hop: a presigned URL is good for its own host only.
   * @throws UpstreamUnavailable when the place is not allowed, or the storage does not give the blob.
   */
  readonly onRedirect: OnRedirect
  close(): Promise<void>
}

/** A follower of redirects to the places that `isAllowed` tells. */
export function createRedirectFollower(
  isAllowed: (url: URL) => boolean,
  { connectMs, headMs, silenceMs }: StorageLimits = LIMITS,
): RedirectFollower {
  const dispatcher = new Agent({
    connect: { timeout: connectMs },
    headersTimeout: headMs,
    bodyTimeout: silenceMs,
  })
  return {
    onRedirect: async (exchange, head) => {
      const { request, res } = exchange
      const url = storageUrl(head, exchange)
      if (url === undefined || request.kind !== 'blob' || request.verb === 'delete') return undefined
      if (!isAllowed(url)) throw notAllowed(url)
      const { digest } = request
      const headers = storageRequestHeaders(exchange.req.headers, digest)
      const method = request.verb === 'check' ? 'HEAD' : 'GET'
      const stored = await untilClosed(res, signal =>
        askStorage(url, { method, headers, dispatcher, signal }),
      ).catch(cause => {
        if (!res.destroyed) throw failed(url, cause)
      })
      if (stored === undefined) return streamedAnswer({ status: CLIENT_LEFT, headers: {} }, Readable.from([]))
      return answerOf(stored, { url, digest, hasRange: headers['range'] !== undefined })
    },
    close: () => dispatcher.destroy(),
  }
}

/** The customary number for a client that left before there was an answer. */
const CLIENT_LEFT = 499
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Where the answer leads, unless it is to the registry itself. */
export function storageUrl(
  { status, headers }: Pick<AnswerHead, 'status' | 'headers'>,
  { peer }: Pick<ForwardExchange, 'peer'>,
): URL | undefined {
  const { location } = headers
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined
  if (location.startsWith(`${peer.scheme}://${peer.host}/`)) return undefined
  return URL.parse(location) ?? undefined
}

async function untilClosed<T>(
  res: ForwardExchange['res'],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const left = new AbortController()
  const onClose = () => left.abort()
  res.once('close', onClose)
  if (res.destroyed) onClose()
  try {
    return await work(left.signal)
  } finally {
    res.off('close', onClose)
  }
}

function answerOf(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  { url, digest, hasRange }: { readonly url: URL; readonly digest: string; readonly hasRange: boolean },
): UpstreamAnswer {
  const isBlob = status === 200 || (status === 206 && hasRange)
  if (isBlob) return streamedAnswer({ status, headers: blobHeaders(headers, { digest, status }) }, body)
  // Whatever the storage says of its own faults is not for clients.
  body.on('error', () => undefined).destroy()
  if (status !== 416 || !hasRange) throw failed(url, new Error(`HTTP ${status}`), status)
  const range = headers['content-range']
  const emptyHeaders = {
    'content-length': '0',
    ...(typeof range === 'string' ? { 'content-range': range } : {}),
  }
  return streamedAnswer({ status, headers: emptyHeaders }, Readable.from([]))
}

function notAllowed({ host }: URL): UpstreamUnavailable {
  const message = 'the registry keeps this blob in a place that landwaiter may not read'
  const cause = new Error(`the registry redirects to ${host}, which registry.redirect_hosts does not name`)
  return new UpstreamUnavailable('refused', message, { cause })
}

/** `status` that says no for good is not tried again. The query of `url` is a secret. */
function failed({ host }: URL, cause: unknown, status = 500): UpstreamUnavailable {
  const isForGood = status < 500 && status !== 408 && status !== 429
  const message = isForGood
    ? 'the storage of the registry refuses to give this blob'
    : 'the storage of the registry cannot be read, try again shortly'
  return new UpstreamUnavailable(isForGood ? 'refused' : 'headers', message, {
    cause: new Error(`storage ${host}`, { cause }),
  })
}
