import type { ResourceActions } from './access.ts'
import type { Subject } from './subject.ts'

/** One question to the policy: one resource, one peer, one moment (`now` in ms since the epoch). */
export interface Question {
  readonly subject: Subject
  readonly access: ResourceActions
  readonly service: string
  /** IPv4 or IPv6 text without a port; `''` when unknown. */
  readonly clientIp: string
  readonly now: number
  readonly tag?: string
}

/**
 * The answer explains itself. `granted` and `denied` split the requested actions.
 * `rule` names what decided: `acl[N]` (0-based) or `default-deny`.
 * `reason` is one ASCII sentence of at most 200 characters that a docker user can read.
 */
export interface Decision {
  readonly granted: readonly string[]
  readonly denied: readonly string[]
  readonly rule: string
  readonly reason: string
}
