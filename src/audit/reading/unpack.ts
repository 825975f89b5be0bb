import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { CHUNK_BYTES } from './read-chunks.ts'

/** What gzip has compressed. @throws the error of the source, or one that `isOfCompression` tells. */
export async function* unpack(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  const source = Readable.from(chunks)
  source.on('error', error => gunzip.destroy(error))
  source.pipe(gunzip)
  try {
    for await (const unpacked of gunzip) yield unpacked
  } finally {
    source.destroy()
  }
}

/** Codes of zlib, such as `Z_DATA_ERROR`, and `Z_BUF_ERROR` for a file that ends too early. */
export function isOfCompression(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
