import type { IncomingHttpHeaders } from 'node:http'

/** A blob that we hold: its digest and its size in bytes. */
export interface BlobFacts {
  readonly digest: string
  readonly size: number
}

/** Head of an answer and the part of the blob that is its body. */
export interface BlobAnswer {
  readonly status: 200 | 206 | 304
  readonly headers: Readonly<Record<string, string>>
  readonly start: number
  readonly length: number
}

/** Conditions that no client of a registry states; what they come to is left to the registry. */
const RARE = ['if-match', 'if-modified-since', 'if-unmodified-since', 'expect', 'transfer-encoding'] as const
const ONE_TAG = /^(?:W\/)?("[\x21\x23-\x7e]*")$/
const RANGE = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/

/**
 * The answer of distribution to a GET or HEAD of a blob under the request's `headers`, whole, one range of it or 304;
 * undefined where the registry has to say it itself: several ranges, none that can be had, rare conditions, a body.
 * Spec: RFC 9110 §13.2.2 and §14; Go's `http.ServeContent`.
 */
export function blobAnswer(headers: IncomingHttpHeaders, blob: BlobFacts): BlobAnswer | undefined {
  if (RARE.some(name => name in headers) || Number(headers['content-length'] ?? 0) !== 0) return undefined
  const etag = `"${blob.digest}"`
  const noneMatch = matches(headers['if-none-match'], etag)
  const ifRange = matches(headers['if-range'], etag)
  if (noneMatch === 'unclear' || ifRange === 'unclear') return undefined
  if (noneMatch === 'same') return { status: 304, headers: commonHeaders(blob), start: 0, length: 0 }
  const { range } = headers
  if (range === undefined || ifRange === 'other') return wholeBlob(blob)
  return partOf(range, blob)
}

function wholeBlob(blob: BlobFacts): BlobAnswer {
  const { size } = blob
  return { status: 200, headers: { ...bodyHeaders(blob, size) }, start: 0, length: size }
}

function partOf(range: string, blob: BlobFacts): BlobAnswer | undefined {
  const { size } = blob
  const [, from = '', to = '', suffix = ''] = RANGE.exec(range) ?? []
  if (from === '' && suffix === '') return undefined
  const start = from === '' ? Math.max(0, size - Number(suffix)) : Number(from)
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  const length = end - start + 1
  if (length <= 0) return undefined
  const contentRange = `bytes ${start}-${end}/${size}`
  return {
    status: 206,
    headers: { ...bodyHeaders(blob, length), 'content-range': contentRange },
    start,
    length,
  }
}

/** How a condition of one entity tag comes out; `absent` without a condition. */
function matches(
  condition: string | readonly string[] | undefined,
  etag: string,
): 'absent' | 'same' | 'other' | 'unclear' {
  if (condition === undefined) return 'absent'
  if (condition === etag) return 'same'
  if (typeof condition !== 'string') return 'unclear'
  const [, tag] = ONE_TAG.exec(condition) ?? []
  // A weak tag of this blob means one thing in If-None-Match and another in If-Range.
  return tag === undefined || tag === etag ? 'unclear' : 'other'
}

function commonHeaders({ digest }: BlobFacts): Readonly<Record<string, string>> {
  return {
    'cache-control': 'max-age=31536000',
    'docker-content-digest': digest,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${digest}"`,
  }
}

function bodyHeaders(blob: BlobFacts, length: number): Readonly<Record<string, string>> {
  return {
    'accept-ranges': 'bytes',
    ...commonHeaders(blob),
    'content-length': String(length),
    'content-type': 'application/octet-stream',
  }
}
