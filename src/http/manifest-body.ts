import type { IncomingMessage, ServerResponse } from 'node:http'
import { OciError } from '../model/errors.ts'
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts'

/** The whole body of a pushed manifest, or how much came before the client left. */
export type ManifestBody =
  | { readonly outcome: 'read'; readonly body: Uint8Array }
  | { readonly outcome: 'client left'; readonly bytesIn: number }

/**
 * Reads a manifest; asks for it first if the client waits to be asked (RFC 9110 §10.1.1).
 * @throws OciError SIZE_INVALID above 4 MiB, before anything is read if the length says so.
 */
export async function readManifestBody(req: IncomingMessage, res: ServerResponse): Promise<ManifestBody> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_MANIFEST_BYTES) throw tooLarge()
  if (req.headers.expect !== undefined) res.writeContinue()
  const chunks: Buffer[] = []
  let bytesIn = 0
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytesIn += chunk.length
      if (bytesIn > MAX_MANIFEST_BYTES) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof OciError) throw error
    return { outcome: 'client left', bytesIn }
  }
  return { outcome: 'read', body: Buffer.concat(chunks) }
}

function tooLarge(): OciError {
  return new OciError('SIZE_INVALID', 'the manifest is larger than 4 MiB')
}
