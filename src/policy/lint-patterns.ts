import type { AclEntry, AclMatch } from './acl-entry.ts'
import { fieldNamed } from './captures.ts'
import type { Matchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { regexSource } from './regex.ts'
import { parseTemplate } from './template.ts'
import type { WrittenPattern } from './written-pattern.ts'

/** Faults of one pattern: what docker_auth refuses, what never matches, and references that are not replaced. */
export function lintPatterns(
  pattern: WrittenPattern,
  { match, effect }: AclEntry,
  matchers: Matchers,
): readonly PolicyIssue[] {
  // docker_auth loads a malformed glob. In our own keys, and where matching nothing leaves something open, it is refused.
  const isOurs = effect === 'deny' || pattern.subject === 'tags' || pattern.subject === 'clients'
  const severity = isOurs ? 'error' : 'warning'
  return [...lintSyntax(pattern, severity, matchers), ...lintReferences(pattern, match)]
}

function lintSyntax(
  { path, source, captures }: WrittenPattern,
  severity: 'error' | 'warning',
  matchers: Matchers,
): readonly PolicyIssue[] {
  const compiled = matchers.written(source)
  if (compiled.kind === 'bad-regex') {
    return [
      { severity: 'error', path, message: `invalid pattern ${JSON.stringify(source)}: ${compiled.fault}` },
    ]
  }
  // Labels and captures are inserted raw, so they may mend what looks malformed.
  const isFinal = parseTemplate(source, captures).parts.every(
    ({ kind }) => kind === 'text' || kind === 'variable',
  )
  if (compiled.kind === 'sound' || !isFinal) return []
  const message = `malformed glob ${JSON.stringify(source)} matches nothing`
  return [{ severity, path, message, hint: 'write a literal [ or \\ as \\[ or \\\\' }]
}

function lintReferences({ path, source, captures }: WrittenPattern, match: AclMatch): readonly PolicyIssue[] {
  const references = [...source.matchAll(/\$\{([A-Za-z]+):\d+\}/g)]
  return references.flatMap(([reference, key = '']) => {
    const field = fieldNamed(key)
    if (field === undefined || captures.has(reference)) return []
    const message = `${reference} is not replaced, so it stands for itself`
    const isRegex = regexSource(match[field] ?? '') !== undefined
    const hint = isRegex
      ? `it needs that group in the expression for ${field}, and a place before other variables in a field's pattern`
      : `it needs a pattern for ${field} that is a /regular expression/ with that group`
    return [{ severity: 'warning', path, message, hint }]
  })
}
