import type { Role } from './words.ts'

/**
 * Conditions of a rule, ANDed; an absent one is true. `ip` is an address or a CIDR block, every other
 * value a pattern: a Go `path.Match` glob, or an unanchored RE2 expression between slashes.
 */
export interface AclMatch {
  readonly account?: string | undefined
  readonly type?: string | undefined
  readonly name?: string | undefined
  readonly service?: string | undefined
  readonly ip?: string | undefined
  /** Label name to pattern; each label needs a value that matches. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * One rule of docker_auth's `acl` list, and our keys beside it, all optional. `['*']` alone grants whatever is
 * asked, `[]` denies.
 */
export interface AclEntry {
  readonly match: AclMatch
  /** May be absent beside `roles` and in a rule that denies. */
  readonly actions?: readonly string[] | undefined
  readonly comment?: string | undefined
  /** Stands for `acl[N]` in decisions. */
  readonly name?: string | undefined
  /** Patterns; one of them matches the tag. */
  readonly tags?: readonly string[] | undefined
  /** A rule that denies decides on the actions that it lists, on all of them when it lists none. */
  readonly effect?: 'allow' | 'deny' | undefined
  /** The last day, `2027-01-31` in UTC, or the moment of the end, RFC 3339. */
  readonly until?: string | undefined
  /** As `mon-fri 08:00-18:00 Europe/Berlin`; without days every day, without a zone UTC. */
  readonly hours?: string | undefined
  /** Patterns; one of them matches the user agent. */
  readonly clients?: readonly string[] | undefined
  /** Their actions are added to `actions`. */
  readonly roles?: readonly Role[] | undefined
}
