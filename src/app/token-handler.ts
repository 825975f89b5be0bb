import { parseAuthorization } from '../authn/authorization.ts'
import { createTokenHandler } from '../http/token.ts'
import type { Subject } from '../model/subject.ts'
import { externalClaim } from '../token/external-claim.ts'
import { createTokenIssuer } from '../token/issue.ts'
import { shareTokens } from '../token/share-tokens.ts'
import type { ServingParts } from './parts.ts'

/** The handler of the token realm with its ports. */
export function openTokenHandler(parts: ServingParts): ReturnType<typeof createTokenHandler> {
  const { loaded, clock, log, upstream, key, metrics, audit, authority } = parts
  const { token, registry } = loaded.config
  const signing = createTokenIssuer({
    key,
    issuer: token.issuer,
    ttlSeconds: token.expiration,
    clock,
    legacyKeyId: !token.disable_legacy_key_id,
    // Only a registry needs it to find the key; without it tokens are half as long.
    embedCertificate: registry.auth === 'passthrough',
  })
  const issuer = shareTokens(signing, clock)
  return createTokenHandler({
    clock,
    log,
    issuer: token.issuer,
    service: upstream.services.current,
    services: upstream.services.accepted,
    authenticate: authority.authenticate,
    decide: authority.decide,
    issue: ({ subject, audience, access }) => {
      metrics.countToken(grantOf(subject))
      return issuer.issue({ subject: subject.name, external: externalClaim(subject), audience, access })
    },
    audit: audit.token,
    // docker_auth takes a header that it cannot read for none, and answers with anonymous rights.
    basicCredentials: header => {
      const authorization = parseAuthorization(header)
      return authorization.scheme === 'basic' ? authorization.credentials : undefined
    },
    hasLogin: header => {
      const authorization = parseAuthorization(header)
      // Old dockers send empty Basic credentials for none.
      if (authorization.scheme === 'basic') return authorization.credentials.name !== ''
      return authorization.scheme !== 'none'
    },
  })
}

/** How the subject proved who it is. */
function grantOf({ name, via }: Subject): string {
  if (via === 'certificate') return via
  return name === '' ? 'anonymous' : 'password'
}
