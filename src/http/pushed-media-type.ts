import type { IncomingMessage } from 'node:http'
import { OciError } from '../model/errors.ts'
import type { RegistryRequest } from '../model/registry-request.ts'

/** Bodies that Go's `r.FormValue` would parse, so that they could override the query we authorized. */
const FORM = /^(application\/x-www-form-urlencoded|multipart\/)/

/**
 * The media type of a manifest that is being pushed, without parameters; empty for any other request.
 * @throws OciError MANIFEST_INVALID for a form.
 */
export function pushedMediaType(
  req: IncomingMessage,
  request: RegistryRequest,
): { readonly pushedMediaType?: string } {
  if (request.kind !== 'manifest' || request.verb !== 'write') return {}
  const mediaType = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (FORM.test(mediaType)) throw new OciError('MANIFEST_INVALID', 'a form is not a manifest')
  return mediaType === '' ? {} : { pushedMediaType: mediaType }
}
