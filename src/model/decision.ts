import type { ResourceActions } from './access.ts'
import type { Subject } from './subject.ts'

/**
 * One question to the policy: one resource, one peer, one moment (`now` in ms since the epoch).
 * With `tag` it is about that tag. Without one (the token realm, blobs, manifests by digest) an action is granted
 * when some tag would get it.
 */
export interface Question {
  readonly subject: Subject
  readonly access: ResourceActions
  readonly service: string
  /** IPv4 or IPv6 text without a port; `''` when unknown. */
  readonly clientIp: string
  readonly now: number
  readonly tag?: string | undefined
  /** Header `User-Agent`. */
  readonly userAgent?: string | undefined
}

/**
 * The answer explains itself. `granted` and `denied` split the requested actions.
 * `rule` names what decided: the rule's `name`, else `acl[N]` (0-based), or `default-deny`. When several rules had
 * a part in it, it is the one that denied the first denied action, or else the last one that granted something.
 * `reason` is one ASCII sentence of at most 200 characters that a docker user can read.
 */
export interface Decision {
  readonly granted: readonly string[]
  readonly denied: readonly string[]
  readonly rule: string
  readonly reason: string
  /** The denied actions that no rule decided on; absent when that is all of them or none, as `rule` tells. */
  readonly undecided?: readonly string[]
}
