import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'

/** What error codes of Node and undici mean, in words; codes of the same cause share them. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
  EHOSTUNREACH: 'no route to its address',
  ENETUNREACH: 'no route to its address',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name does not resolve now',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it stopped in the middle of an answer',
  CERT_HAS_EXPIRED: 'its certificate has expired, unless our clock is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet, unless our clock is wrong',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
])

/** The failure for a request to `url` that ended with `cause` before it was answered. */
export function networkFailure(url: string, cause: unknown): AcmeFailed {
  const code = codeOf(cause)
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new AcmeFailed('server', `${url} answers with more than ACME needs`, { cause })
  }
  return new AcmeFailed('network', `${url} cannot be used: ${wordsFor(code, cause)}`, { cause })
}

function wordsFor(code: string, cause: unknown): string {
  if (UNTRUSTED.has(code))
    return 'its certificate is not trusted: set ca_root_file to the root that vouches for it'
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'it does not answer'
  return CAUSES[code] ?? messageOf(cause)
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}
