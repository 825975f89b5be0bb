import type { ResourceActions } from '../model/access.ts'
import { formatScope } from './scope.ts'

const MAX_DESCRIPTION = 200

/** What a Bearer challenge says; `scopes` is the access that the request lacks. */
export interface BearerChallenge {
  readonly realm: string
  readonly service: string
  readonly scopes?: readonly ResourceActions[]
  readonly error?: 'invalid_token' | 'insufficient_scope'
  /** One sentence that docker prints; cut at 200 characters. */
  readonly description?: string
}

/**
 * Value of `WWW-Authenticate` with one Bearer challenge; its parameters in distribution's order.
 * Control characters become a space and what is not ASCII `?`, so any text is safe in the header.
 * Spec: distribution docs/spec/auth/token.md; RFC 6750 §3; RFC 9110 §11.2, §5.6.4.
 */
export function bearerChallenge(challenge: BearerChallenge): string {
  const { realm, service, scopes = [], error, description } = challenge
  const parameters = [`realm=${quoted(realm)}`, `service=${quoted(service)}`]
  if (scopes.length > 0) parameters.push(`scope=${quoted(scopes.map(formatScope).join(' '))}`)
  if (error !== undefined) parameters.push(`error=${quoted(error)}`)
  if (description !== undefined) {
    parameters.push(`error_description=${quoted(description.slice(0, MAX_DESCRIPTION))}`)
  }
  return `Bearer ${parameters.join(',')}`
}

/** Value of `WWW-Authenticate` with one Basic challenge. Spec: RFC 7617 §2. */
export function basicChallenge(realm: string): string {
  return `Basic realm=${quoted(realm)}`
}

function quoted(text: string): string {
  const ascii = text.replace(/\p{Cc}+/gu, ' ').replace(/[^ -~]/gu, '?')
  return `"${ascii.replace(/["\\]/g, '\\$&')}"`
}
