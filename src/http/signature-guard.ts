import type { IncomingMessage, ServerResponse } from 'node:http'
import { OciError } from '../model/errors.ts'
import type { AnswerHead } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import type { SignatureDuty } from '../model/signature.ts'
import { isDigest } from '../oci/digest.ts'
import { Refusal } from './refusal.ts'

const RETRY_SECONDS = 5

/** A pull whose manifest must be signed; without `tag` it is by digest. */
export interface PullOfManifest {
  readonly name: string
  readonly tag?: string
  readonly account: string
}

export interface SignatureGuardPorts {
  /** The duty of the rule for a pull, if there is one. */
  readonly requireSignature: (pull: PullOfManifest) => SignatureDuty | undefined
}

/** One request for a manifest and whose it is. */
export interface GuardedRequest {
  readonly request: RegistryRequest
  readonly account: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/**
 * A function to call with the registry's answer before its head goes out; none where nothing must be signed. It looks at
 * the digest that is about to be sent, so a tag that moves meanwhile makes no difference; HEAD is checked as GET, and so
 * is "not modified". What is unsigned under a rule that only warns gets a `Warning` header.
 * @throws Refusal 403, or OciError 503 when it cannot be told, from the function returned.
 */
export function createSignatureGuard(
  { requireSignature }: SignatureGuardPorts,
  { request, account, req, res }: GuardedRequest,
): ((head: AnswerHead) => Promise<void>) | undefined {
  const duty = dutyOf(requireSignature, request, account)
  if (duty === undefined) return undefined
  // Read now: forwarding replaces the headers.
  const cached = req.headers['if-none-match']
  return async head => {
    if (head.status >= 400) return
    const digest = digestOf(head, request, cached)
    if (digest === undefined)
      throw new OciError('UNAVAILABLE', 'the registry does not say what it sends', RETRY)
    await uphold(duty, digest, res)
  }
}

const RETRY = { headers: { 'retry-after': String(RETRY_SECONDS) } }

function dutyOf(
  requireSignature: SignatureGuardPorts['requireSignature'],
  request: RegistryRequest,
  account: string,
): SignatureDuty | undefined {
  if (request.kind !== 'manifest' || (request.verb !== 'read' && request.verb !== 'check')) return undefined
  const { name, reference } = request
  return requireSignature({ name, account, ...(reference.kind === 'tag' ? { tag: reference.tag } : {}) })
}

async function uphold(duty: SignatureDuty, digest: string, res: ServerResponse): Promise<void> {
  const verdict = await duty(digest)
  switch (verdict.outcome) {
    case 'pass':
      return
    case 'warn':
      // RFC 7234 §5.5; the OCI specification has kept the field.
      res.setHeader('warning', `299 - "${verdict.message.replace(/["\\]/g, '\\$&')}"`)
      return
    case 'deny': {
      const { message, detail, rule } = verdict
      throw new Refusal('DENIED', message, { detail, decision: { rule, reason: message } })
    }
    case 'unknown':
      throw new OciError('UNAVAILABLE', verdict.message, { ...RETRY, cause: verdict.cause })
  }
}

/** distribution leaves the digest out of "not modified": it is the one that the client named. */
function digestOf(
  { status, headers }: AnswerHead,
  request: RegistryRequest,
  cached: string | undefined,
): string | undefined {
  const sent = headers['docker-content-digest']
  if (typeof sent === 'string' && isDigest(sent)) return sent
  if (request.kind === 'manifest' && request.reference.kind === 'digest') return request.reference.digest
  const known = cached?.replace(/^W\/|"/g, '') ?? ''
  return status === 304 && isDigest(known) ? known : undefined
}
