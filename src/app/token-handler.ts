import { parseAuthorization } from '../authn/authorization.ts'
import { createTokenHandler } from '../http/token.ts'
import { externalClaim } from '../token/external-claim.ts'
import { createTokenIssuer } from '../token/issue.ts'
import type { Parts } from './parts.ts'

/** The handler of the token realm with its ports. */
export function openTokenHandler(parts: Parts): ReturnType<typeof createTokenHandler> {
  const { loaded, clock, log, upstream, key, metrics, audit, authority } = parts
  const { token, registry } = loaded.config
  const issuer = createTokenIssuer({
    key,
    issuer: token.issuer,
    ttlSeconds: token.expiration,
    clock,
    legacyKeyId: !token.disable_legacy_key_id,
    // Only a registry needs it to find the key; without it tokens are half as long.
    embedCertificate: registry.auth === 'passthrough',
  })
  return createTokenHandler({
    clock,
    log,
    issuer: token.issuer,
    service: upstream.services.current,
    services: upstream.services.accepted,
    authenticate: authority.authenticate,
    decide: authority.decide,
    issue: ({ subject, audience, access }) => {
      metrics.countToken(subject.name === '' ? 'anonymous' : 'password')
      return issuer.issue({ subject: subject.name, external: externalClaim(subject), audience, access })
    },
    audit: audit.token,
    // docker_auth takes a header that it cannot read for none, and answers with anonymous rights.
    basicCredentials: header => {
      const authorization = parseAuthorization(header)
      return authorization.scheme === 'basic' ? authorization.credentials : undefined
    },
  })
}
