import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OciError } from '../model/errors.ts'
import { basicChallenge } from '../oci/challenge.ts'
import { errorBody } from '../oci/error-body.ts'
import { sendReply } from './reply.ts'
import { TokenRefused } from './token-refused.ts'

/**
 * Answers a refused token request: the registry's envelope, which every client can print, and for a POST also the
 * members of RFC 6749 §5.2. Every 401 carries the Basic challenge of `issuer` (RFC 9110 §15.5.2).
 */
export async function sendTokenFailure(
  req: IncomingMessage,
  res: ServerResponse,
  { error, issuer }: { readonly error: OciError; readonly issuer: string },
): Promise<void> {
  const envelope = errorBody(error)
  await sendReply(req, res, {
    status: error.status,
    body: req.method === 'POST' ? withOauthMembers(envelope, error) : envelope,
    type: 'application/json',
    explanation: error.message,
    headers: {
      'cache-control': 'no-store',
      ...(error.status === 401 ? { 'www-authenticate': basicChallenge(issuer) } : {}),
      ...error.headers,
    },
  })
}

function withOauthMembers(envelope: string, error: OciError): string {
  const members = { error: oauthCode(error), error_description: describable(error.message) }
  return JSON.stringify({ ...JSON.parse(envelope), ...members })
}

function oauthCode(error: OciError): string {
  if (error instanceof TokenRefused) return error.oauth
  if (error.status === 503) return 'temporarily_unavailable'
  return error.status < 500 ? 'invalid_request' : 'server_error'
}

/** RFC 6749 §5.2 allows neither quotes nor backslashes nor anything but ASCII. */
function describable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^ -[\]-~]/g, '?')
}
