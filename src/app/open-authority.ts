import { readFile } from 'node:fs/promises'
import {
  type AuthenticatorChain,
  createAuthenticatorChain,
  type ExternalAuthenticator,
} from '../authn/chain.ts'
import { createExtAuth } from '../authn/ext-auth.ts'
import type { PasswordWorkers } from '../authn/password-workers.ts'
import { rememberLogins } from '../authn/remembered-logins.ts'
import { createStaticUsers } from '../authn/static-users.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import { openCasbinAuthz } from '../authz/casbin-authz.ts'
import { createDecisionChain } from '../authz/decision-chain.ts'
import { createExtAuthz } from '../authz/ext-authz.ts'
import { openHttpAuthz } from '../authz/http-authz.ts'
import { openProgramPool } from '../authz/program-pool.ts'
import { rememberVerdicts } from '../authz/remembered-verdicts.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Authenticate, Clock, Log } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'
import { decide } from '../policy/policy.ts'
import { loadKeys } from '../signature/load-keys.ts'
import { createRequireSignature, type RequireSignature } from '../signature/require-signature.ts'
import type { SignatureCheck } from '../signature/signature-check.ts'

/** Who is who and who may what, by one configuration. */
export interface Authority extends AuthenticatorChain {
  /** A promise only where an authorizer is asked; rejects with AuthzUnavailable when it cannot tell. */
  readonly decide: (question: Question) => Decision | Promise<Decision>
  readonly requireSignature: RequireSignature
  /** Files with the public keys of `require_signature` that were read, by their paths. */
  readonly keyTexts: Readonly<Record<string, string>>
  /** Ends programs and connections; questions under way fail. */
  close(): Promise<void>
}

export interface AuthorityEffects {
  readonly workers: PasswordWorkers
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly signatureCheck: SignatureCheck
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Opens the authenticators and authorizers that a configuration names, in docker_auth's order.
 * @throws ExternalFileError naming a program or file that cannot be used, SignatureKeyError; nothing stays open then.
 */
export async function openAuthority(loaded: LoadedConfig, effects: AuthorityEffects): Promise<Authority> {
  const { config, policy } = loaded
  const { workers, clock, metrics, log, signatureCheck: check } = effects
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    await Promise.all(closers.map(closer => closer()))
  }
  try {
    const users = createStaticUsers({ users: config.users, workers, clock })
    const others = await openAuthenticators(loaded, effects, closers)
    const authorizers = await openAuthorizers(loaded, effects, closers)
    const keyTexts: Record<string, string> = {}
    const readText = async (file: string) => {
      keyTexts[file] = await readFile(file, 'utf8')
      return keyTexts[file]
    }
    const rules = await loadKeys(config.require_signature, { readText })
    const chain = createDecisionChain({ decideByAcl: question => decide(policy, question), authorizers })
    return {
      ...createAuthenticatorChain({
        users: { ...users, authenticate: measured('static', users.authenticate, metrics) },
        others: others.map(({ via, authenticate }) => ({
          via,
          authenticate: measured(via, authenticate, metrics),
        })),
        acceptsCertificates: config.tls.client_auth !== undefined,
      }),
      decide: question => counted(chain(question), metrics),
      requireSignature: createRequireSignature({ rules, check, log }),
      keyTexts,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openAuthenticators(
  { config: { ext_auth } }: LoadedConfig,
  { env, clock }: AuthorityEffects,
  closers: (() => Promise<void>)[],
): Promise<readonly ExternalAuthenticator[]> {
  if (ext_auth === undefined) return []
  const pool = await openProgramPool(ext_auth, { env, output: 'read' })
  closers.push(pool.close)
  const asked = createExtAuth(pool)
  const ttlMs = ext_auth.cache_ms
  return [{ via: 'ext', authenticate: ttlMs > 0 ? rememberLogins(asked, { clock, ttlMs }) : asked }]
}

/** All that are configured, also those that are never asked, so that their files are checked. */
async function openAuthorizers(
  { config: { ext_authz, http_authz, casbin_authz } }: LoadedConfig,
  { env, clock }: AuthorityEffects,
  closers: (() => Promise<void>)[],
): Promise<readonly Authorizer[]> {
  const opened: Authorizer[] = []
  const add = (authorizer: Authorizer, ttlMs = 0) => {
    closers.push(authorizer.close)
    opened.push(ttlMs > 0 ? rememberVerdicts(authorizer, { clock, ttlMs }) : authorizer)
  }
  if (ext_authz !== undefined) {
    add(createExtAuthz(await openProgramPool(ext_authz, { env, output: 'ignored' })), ext_authz.cache_ms)
  }
  if (http_authz !== undefined) add(await openHttpAuthz(http_authz), http_authz.cache_ms)
  if (casbin_authz !== undefined) add(await openCasbinAuthz(casbin_authz))
  return opened
}

function measured(backend: string, authenticate: Authenticate, metrics: Metrics): Authenticate {
  return async credentials => {
    const started = performance.now()
    const observe = (outcome: string) =>
      metrics.observeAuthn({ backend, outcome, seconds: (performance.now() - started) / 1000 })
    try {
      const result = await authenticate(credentials)
      observe(result.outcome)
      return result
    } catch (error) {
      observe('unavailable')
      throw error
    }
  }
}

/** A decision, counted when it is there. */
export function counted(
  decision: Decision | Promise<Decision>,
  metrics: Metrics,
): Decision | Promise<Decision> {
  return decision instanceof Promise
    ? decision.then(later => count(later, metrics))
    : count(decision, metrics)
}

function count(decision: Decision, metrics: Metrics): Decision {
  for (const action of decision.granted) metrics.countDecision({ decision: 'granted', action })
  for (const action of decision.denied) metrics.countDecision({ decision: 'denied', action })
  return decision
}
