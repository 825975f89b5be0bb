import { realmUrl } from '../http/hosts.ts'
import { createImageSizes } from '../http/image-sizes.ts'
import { createRegistryHandler } from '../http/registry.ts'
import { createTokenVerifier } from '../token/verify.ts'
import { createIdentify } from './identify.ts'
import type { ServingParts } from './parts.ts'

/** The handler of `/v2` with its ports; challenges name the realm at `realmPath`. */
export function openRegistryHandler(
  parts: ServingParts,
  realmPath: string,
): ReturnType<typeof createRegistryHandler> {
  const { loaded, clock, log, upstream, key, authority, uploads, audit } = parts
  const { domains, token } = loaded.config
  const { policy } = loaded
  // An HTTP service is told the tag, so it may tell tags apart as well.
  const concernsTags =
    policy.rules.some(({ hasTags }) => hasTags) ||
    policy.used.has('overwrite') ||
    loaded.config.http_authz !== undefined
  const verify = createTokenVerifier({
    keys: [key],
    issuer: token.issuer,
    audiences: upstream.services.accepted,
    clock,
  })
  return createRegistryHandler({
    clock,
    log,
    uploads,
    imageSizes: createImageSizes(),
    identify: createIdentify({ verify, authority }),
    decide: authority.decide,
    service: upstream.services.current,
    hideUnauthorized: () => loaded.config.hide_unauthorized,
    realm: ({ host, scheme }) => realmUrl(domains, { scheme, path: realmPath }, host),
    guards: () => loaded.guards,
    locks: parts.locks,
    findTag: upstream.findTag,
    taggedManifests: upstream.taggedManifests,
    fetchContent: upstream.fetchContent,
    forward: upstream.forward,
    send: upstream.send,
    requireSignature: authority.requireSignature,
    listPage: upstream.listPage,
    listCursor: parts.listCursor,
    policyConcernsTags: () => concernsTags,
    filtersTags: () => concernsTags || policy.used.has('list'),
    audit: audit.registry,
    auditRefusal: audit.refusal,
  })
}
