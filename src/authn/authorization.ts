import type { Credentials } from '../model/credentials.ts'
import { Secret } from '../model/secret.ts'

/** Far above any name and password; bcrypt reads 72 bytes of the latter. */
const MAX_BASIC_LENGTH = 8 * 1024
/** A token with hundreds of scopes still fits. */
const MAX_BEARER_LENGTH = 32 * 1024

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** RFC 6750 §2.1, `b64token`. */
const BEARER = /^[A-Za-z0-9._~+/-]+=*$/

/** What an `Authorization` header says; `reason` never repeats any part of the header. */
export type Authorization =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic'; readonly credentials: Credentials }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'malformed'; readonly reason: string }

/**
 * The header parsed; absent and empty are `none`. Never throws.
 * Exactly one space follows the scheme, as Go's registries and docker_auth demand.
 * Spec: RFC 7617 (Basic, UTF-8), RFC 6750 §2.1 (Bearer).
 */
export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header === '') return { scheme: 'none' }
  const [scheme = ''] = header.split(' ', 1)
  const rest = header.slice(scheme.length + 1)
  switch (scheme.toLowerCase()) {
    case 'basic':
      return parseBasic(rest)
    case 'bearer':
      return parseBearer(rest)
    default:
      return malformed('the scheme of the Authorization header is neither Basic nor Bearer')
  }
}

function parseBasic(encoded: string): Authorization {
  if (encoded.length > MAX_BASIC_LENGTH) return malformed('the Basic credentials are too long')
  if (!BASE64.test(encoded)) return malformed('the Basic credentials are not padded base64')
  // Bytes that are not UTF-8 become U+FFFD: a wrong name or password, not an anonymous request.
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return malformed('the Basic credentials have no colon')
  const password = new Secret(text.slice(colon + 1))
  return { scheme: 'basic', credentials: { name: text.slice(0, colon), password } }
}

function parseBearer(token: string): Authorization {
  if (token.length > MAX_BEARER_LENGTH) return malformed('the Bearer token is too long')
  if (!BEARER.test(token)) return malformed('the Bearer token is empty or has characters that no token has')
  return { scheme: 'bearer', token }
}

function malformed(reason: string): Authorization {
  return { scheme: 'malformed', reason }
}
