import type { IncomingHttpHeaders } from 'node:http'

/** What the storage is told of a request for a blob: never who asks, and nothing that only the registry knows. */
export function storageRequestHeaders(headers: IncomingHttpHeaders, digest: string): Record<string, string> {
  const { range, 'if-range': ifRange } = headers
  // The tag that the client knows is ours, and a blob never changes. A set of ranges is answered with the whole blob.
  const isValid = ifRange === undefined || ifRange === blobTag(digest)
  const isOne = range !== undefined && /^bytes=(?:\d+-\d*|-\d+)$/.test(range)
  // A storage that packs the blob would change its bytes.
  return { 'accept-encoding': 'identity', ...(isOne && isValid ? { range } : {}) }
}

/** The headers of a blob as the registry itself gives it, around the storage's length. */
export function blobHeaders(
  stored: IncomingHttpHeaders,
  { digest, status }: { readonly digest: string; readonly status: number },
): Record<string, string> {
  const { 'content-length': length, 'content-range': range } = stored
  return {
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000',
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: blobTag(digest),
    ...(length === undefined ? {} : { 'content-length': length }),
    ...(range === undefined || status !== 206 ? {} : { 'content-range': range }),
  }
}

function blobTag(digest: string): string {
  return `"${digest}"`
}
