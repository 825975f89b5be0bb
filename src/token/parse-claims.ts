import type { ResourceActions } from '../model/access.ts'
import type { TokenClaims } from './claims.ts'
import { parseExternalClaim } from './external-claim.ts'

/**
 * The claims in the payload of a token whose signature is right; `undefined` when one is missing or of
 * another type, as in what the same key may have signed for another purpose. Unknown claims are dropped.
 */
export function parseClaims(payload: Uint8Array): TokenClaims | undefined {
  const claims = parseObject(payload)
  if (claims === undefined) return undefined
  const { iss, sub, aud, exp, nbf, iat, jti, access } = claims
  if (!isText(iss) || !isText(sub) || !isText(aud) || !isText(jti)) return undefined
  if (!isSeconds(exp) || !isSeconds(nbf) || !isSeconds(iat)) return undefined
  if (!Array.isArray(access) || !access.every(isResourceActions)) return undefined
  const entries = access.map(({ type, name, actions }) => ({ type, name, actions }))
  const parsed = { iss, sub, aud, exp, nbf, iat, jti, access: entries }
  if (claims['landwaiter'] === undefined) return parsed
  const landwaiter = parseExternalClaim(claims['landwaiter'])
  return landwaiter === undefined ? undefined : { ...parsed, landwaiter }
}

function parseObject(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON: no claims.
    return undefined
  }
}

function isResourceActions(value: unknown): value is ResourceActions {
  if (!isObject(value)) return false
  const { type, name, actions } = value
  return isText(type) && isText(name) && Array.isArray(actions) && actions.every(isText)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
