import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RegistryRequest } from '../model/registry-request.ts'
import { errorBody } from '../oci/error-body.ts'
import { Refusal, type RefusalGrounds } from './refusal.ts'

/** A denied read, answered to the byte as distribution answers for what it does not have. */
export class HiddenRefusal extends Refusal {}

/**
 * The answer to a denied read under `hide_unauthorized`; `undefined` for what is no read of a repository, whose
 * denial says nothing about what is there.
 */
export function hiddenRefusal(request: RegistryRequest, decision: RefusalGrounds): HiddenRefusal | undefined {
  if (request.kind === 'tags' || request.kind === 'referrers') {
    const detail = { name: request.name }
    return new HiddenRefusal('NAME_UNKNOWN', 'repository name not known to registry', { detail, decision })
  }
  if (request.kind === 'blob' && request.verb !== 'delete') {
    return new HiddenRefusal('BLOB_UNKNOWN', 'blob unknown to registry', { detail: request.digest, decision })
  }
  if (request.kind !== 'manifest' || (request.verb !== 'read' && request.verb !== 'check')) return undefined
  const { name, reference } = request
  const detail =
    reference.kind === 'tag' ? { Tag: reference.tag } : { Name: name, Revision: reference.digest }
  return new HiddenRefusal('MANIFEST_UNKNOWN', 'manifest unknown', { detail, decision })
}

/** Sends it in distribution's own form: with its line end, its media type also for HEAD, its headers in its order. */
export function sendHidden(req: IncomingMessage, res: ServerResponse, error: HiddenRefusal): void {
  const body = Buffer.from(`${errorBody(error)}\n`)
  res.writeHead(error.status, {
    'content-type': 'application/json; charset=utf-8',
    'docker-distribution-api-version': 'registry/2.0',
    date: new Date().toUTCString(),
    'content-length': body.length,
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}
