import type { PolicyIssue } from './policy-issue.ts'
import { parseTemplate } from './template.ts'
import type { WrittenPattern } from './written-pattern.ts'

/** Patterns into which `acl_compat: docker_auth_1` inserts what comes from outside as if the file had it. */
export function lintCompat(patterns: readonly WrittenPattern[]): readonly PolicyIssue[] {
  return patterns.flatMap(({ path, subject, source, captures }) => {
    const isOfLabel = subject.startsWith('labels.')
    const parts = parseTemplate(source, captures).parts
    const raw = parts.filter(({ kind }) => kind === 'capture' || (kind === 'label' && !isOfLabel))
    if (raw.length === 0) return []
    const names = [...new Set(raw.map(part => part.source))].join(' and ')
    const message = `acl_compat inserts ${names} as a pattern, so an external value such as * is a wildcard`
    return [{ severity: 'warning', path, message }]
  })
}
