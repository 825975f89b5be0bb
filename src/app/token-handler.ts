import { parseAuthorization } from '../authn/authorization.ts'
import { createTokenHandler } from '../http/token.ts'
import type { Authenticate } from '../model/ports.ts'
import { createTokenIssuer } from '../token/issue.ts'
import { createDecidePort } from './decide-port.ts'
import type { Parts } from './parts.ts'

/** The handler of the token realm with its ports. */
export function openTokenHandler(parts: Parts): ReturnType<typeof createTokenHandler> {
  const { loaded, clock, log, upstream, key, metrics, audit } = parts
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
    authenticate: measured(parts),
    decide: createDecidePort(parts),
    issue: ({ subject, audience, access }) => {
      metrics.countToken(subject.name === '' ? 'anonymous' : 'password')
      return issuer.issue({ subject: subject.name, audience, access })
    },
    audit: audit.token,
    // docker_auth takes a header that it cannot read for none, and answers with anonymous rights.
    basicCredentials: header => {
      const authorization = parseAuthorization(header)
      return authorization.scheme === 'basic' ? authorization.credentials : undefined
    },
  })
}

function measured({ users, metrics }: Parts): Authenticate {
  return async credentials => {
    const started = performance.now()
    const observe = (outcome: string) =>
      metrics.observeAuthn({ backend: 'static', outcome, seconds: (performance.now() - started) / 1000 })
    try {
      const result = await users.authenticate(credentials)
      observe(result.outcome)
      return result
    } catch (error) {
      observe('unavailable')
      throw error
    }
  }
}
