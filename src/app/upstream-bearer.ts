import type { Config } from '../config/schema.ts'
import type { ResourceActions } from '../model/access.ts'
import type { Clock } from '../model/ports.ts'
import { createTokenIssuer } from '../token/issue.ts'
import type { SigningKey } from '../token/signing-key.ts'
import { createUpstreamTokens } from '../token/upstream-tokens.ts'
import type { UpstreamProbe } from '../upstream/probe.ts'
import type { Services } from './services.ts'

/** Tokens for the registry live as briefly as its clock leeway allows. */
const UPSTREAM_TOKEN_SECONDS = 120

/** Authorization for the registry: a token of ours, in this subject's name, for exactly this access. */
export type UpstreamBearer = (subject: string, access: readonly ResourceActions[]) => Promise<string>

export function createUpstreamBearer(
  { token }: Config,
  parts: {
    readonly key: SigningKey
    readonly clock: Clock
    readonly probe: UpstreamProbe
    readonly services: Services
  },
): UpstreamBearer {
  const { key, clock, probe, services } = parts
  const mint = createUpstreamTokens({
    issuer: createTokenIssuer({
      key,
      issuer: token.issuer,
      ttlSeconds: UPSTREAM_TOKEN_SECONDS,
      clock,
      legacyKeyId: !token.disable_legacy_key_id,
    }),
    ttlSeconds: UPSTREAM_TOKEN_SECONDS,
    clock,
  })
  return async (subject, access) => {
    // Which service its tokens are for, the registry says when it is first reached.
    if (!isKnown(probe)) await probe.check()
    return `Bearer ${await mint(subject, access, services.upstream())}`
  }
}

function isKnown(probe: UpstreamProbe): boolean {
  const { state } = probe.current()
  return state === 'open' || state === 'guarded'
}
