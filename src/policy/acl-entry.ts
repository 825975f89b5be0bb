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

/** One rule of docker_auth's `acl` list. `['*']` alone grants whatever is asked, `[]` denies. */
export interface AclEntry {
  readonly match: AclMatch
  readonly actions: readonly string[]
  readonly comment?: string | undefined
}
