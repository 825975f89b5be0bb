import type { Clock } from '../model/ports.ts'
import type { Grant, IssuedToken, TokenIssuer } from './issue.ts'

const MAX_TOKENS = 1_000

/**
 * `issuer`, signing once for equal grants of the same second, whose tokens would differ in nothing but their ids:
 * a client that pulls many images at once asks for the same token again and again.
 */
export function shareTokens(issuer: TokenIssuer, clock: Clock): TokenIssuer {
  const issued = new Map<string, Promise<IssuedToken>>()
  let second = Number.NaN
  return {
    issue: (grant: Grant) => {
      const now = Math.floor(clock() / 1000)
      if (now !== second || issued.size >= MAX_TOKENS) issued.clear()
      second = now
      const { subject, audience, access, external } = grant
      const key = JSON.stringify([subject, audience, access, external])
      const known = issued.get(key)
      if (known !== undefined) return known
      const token = issuer.issue(grant)
      issued.set(key, token)
      token.catch(() => issued.delete(key))
      return token
    },
  }
}
