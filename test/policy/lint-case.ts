import type { AclEntry, AclMatch } from '../../src/policy/acl-entry.ts'
import { compilePolicy } from '../../src/policy/policy.ts'

/** Issues as `severity path: message; hint`. */
export function issuesOf(acl: readonly AclEntry[]): readonly string[] {
  return compilePolicy(acl).issues.map(({ severity, path, message, hint }) => {
    return `${severity} ${path.join('.')}: ${message}${hint === undefined ? '' : `; ${hint}`}`
  })
}

/** A rule that grants nothing, so that only its patterns are spoken of. */
export const silent = (match: AclMatch, more: Partial<AclEntry> = {}): AclEntry => ({
  match,
  actions: [],
  ...more,
})
