import { compileManifestRules, type ManifestRuleEntry, type ManifestRules } from './manifest-rules.ts'
import { compileNameTagRules, type NameTagEntry, type NameTagRules } from './name-tag-rules.ts'
import type { PolicyIssue } from './policy-issue.ts'

/** The configuration's lists, each as it is named there. */
export interface GuardEntries {
  readonly immutable_tags: readonly NameTagEntry[]
  readonly protected_tags: readonly NameTagEntry[]
  readonly manifest_rules: readonly ManifestRuleEntry[]
}

/** What holds for everybody, whatever the ACL grants. */
export interface Guards {
  /** Tags that, once there, stay on their digest. */
  readonly immutable: NameTagRules
  /** Tags that may move but must not be deleted; immutable ones are protected too. */
  readonly protected: NameTagRules
  readonly manifests: ManifestRules
}

/** Compiled guards; a path of an issue starts with the section. With any issue the guards must not be used. */
export interface CompiledGuards {
  readonly guards: Guards
  readonly issues: readonly PolicyIssue[]
}

/** Compiles the guards; tags that `isExempt` names, as those of referrers, may always move and go. Never throws. */
export function compileGuards(
  entries: GuardEntries,
  options: { readonly isExempt: (tag: string) => boolean },
): CompiledGuards {
  const immutable = compileNameTagRules('immutable_tags', entries.immutable_tags, options)
  const protectedTags = compileNameTagRules('protected_tags', entries.protected_tags, options)
  const manifests = compileManifestRules(entries.manifest_rules, options)
  const within = (section: string, issues: readonly PolicyIssue[]) =>
    issues.map(issue => ({ ...issue, path: [section, ...issue.path] }))
  return {
    guards: { immutable: immutable.rules, protected: protectedTags.rules, manifests: manifests.rules },
    issues: [
      ...within('immutable_tags', immutable.issues),
      ...within('protected_tags', protectedTags.issues),
      ...within('manifest_rules', manifests.issues),
    ],
  }
}
