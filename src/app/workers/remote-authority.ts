import { createAuthenticatorChain } from '../../authn/chain.ts'
import { createStaticUsers } from '../../authn/static-users.ts'
import { createDecisionChain } from '../../authz/decision-chain.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { AuthnUnavailable, AuthzUnavailable } from '../../model/errors.ts'
import type { Clock, Log } from '../../model/ports.ts'
import type { Metrics } from '../../ops/metrics.ts'
import { decide } from '../../policy/policy.ts'
import { loadKeys } from '../../signature/load-keys.ts'
import { createRequireSignature } from '../../signature/require-signature.ts'
import type { SignatureCheck } from '../../signature/signature-check.ts'
import { ThreadUnavailable } from '../../threads/thread-unavailable.ts'
import { type Authority, counted } from '../open-authority.ts'
import type { Owner } from './owner.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * Who is who and who may what, in a worker. Passwords and what programs and services decide are asked of the owner, so
 * that there is one cache and one pool of each; tokens and rules are looked at here.
 */
export async function openRemoteAuthority(
  { config, policy }: LoadedConfig,
  keyTexts: Readonly<Record<string, string>>,
  effects: {
    readonly owner: Owner
    readonly clock: Clock
    readonly log: Log
    readonly metrics: Metrics
    readonly signatureCheck: SignatureCheck
  },
): Promise<Authority> {
  const { owner, clock, log, metrics, signatureCheck: check } = effects
  const users = createStaticUsers({ users: config.users, workers: { verify: unreachable }, clock })
  const { lookup } = createAuthenticatorChain({
    users,
    others: config.ext_auth === undefined ? [] : [{ via: 'ext', authenticate: unreachable }],
    acceptsCertificates: config.tls.client_auth !== undefined,
  })
  const rules = await loadKeys(config.require_signature, {
    readText: async file => keyTexts[file] ?? unreachable(),
  })
  const decideHere = createDecisionChain({
    decideByAcl: question => decide(policy, question),
    authorizers: [],
  })
  const { ext_authz, http_authz, casbin_authz } = config
  const isHere = [ext_authz, http_authz, casbin_authz].every(authorizer => authorizer === undefined)
  return {
    lookup,
    authenticate: ({ name, password }) =>
      owner.ask('authenticate', { name, password: password.reveal() }).catch(asUnavailable(AuthnUnavailable)),
    decide: isHere
      ? question => counted(decideHere(question), metrics)
      : question => owner.ask('decide', question).catch(asUnavailable(AuthzUnavailable)),
    requireSignature: createRequireSignature({ rules, check, log }),
    keyTexts,
    close: async () => undefined,
  }
}

function asUnavailable(Unavailable: typeof AuthnUnavailable | typeof AuthzUnavailable) {
  return (error: unknown): never => {
    if (!(error instanceof ThreadUnavailable)) throw error
    throw new Unavailable('Nothing can be checked just now', RETRY_AFTER_SECONDS, { cause: error })
  }
}

async function unreachable(): Promise<never> {
  throw new TypeError('only the owner is asked this')
}
