import type { Question } from '../model/decision.ts'
import { AuthzUnavailable } from '../model/errors.ts'

const RETRY_AFTER_SECONDS = 5

/** What an authorizer allows of the actions asked for, and perhaps why not more. */
export interface Verdict {
  readonly granted: readonly string[]
  readonly reason?: string
}

/** Asked where the `acl` has no rule; it always has an answer, so that nobody is asked after it. */
export interface Authorizer {
  /** The section that configures it; decisions name it as their rule. */
  readonly name: 'ext_authz' | 'http_authz' | 'casbin_authz'
  /** @throws AuthzUnavailable when it cannot tell. */
  readonly authorize: (question: Question) => Promise<Verdict>
  close(): Promise<void>
}

/** An authorizer that cannot tell; `problem` goes to the log only. */
export function cannotTell(
  name: Authorizer['name'],
  problem: string,
  { cause, isOverload = false }: { readonly cause?: unknown; readonly isOverload?: boolean } = {},
): AuthzUnavailable {
  return new AuthzUnavailable('Permissions cannot be checked just now', RETRY_AFTER_SECONDS, {
    cause: new Error(`${name}: ${problem}`, { cause }),
    isOverload,
  })
}
