import type { AclEntry, AclMatch } from './acl-entry.ts'
import { type Captures, fieldNamed, findCaptures } from './captures.ts'
import { FIELDS } from './context.ts'
import { parseIpNetwork } from './ip-network.ts'
import type { Matchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { regexSource } from './regex.ts'
import { parseTemplate } from './template.ts'

interface WrittenPattern {
  readonly path: PolicyIssue['path']
  readonly source: string
}

/** Everything to be said about the rules, in their order. */
export function lintEntries(entries: readonly AclEntry[], matchers: Matchers): readonly PolicyIssue[] {
  return [...entries.flatMap(({ match }, index) => lintMatch(match, index, matchers)), ...lintReach(entries)]
}

function lintMatch(match: AclMatch, index: number, matchers: Matchers): PolicyIssue[] {
  const captures = findCaptures(match)
  const patterns = patternsOf(match, index)
  return [
    ...patterns.flatMap(pattern => lintPattern(pattern, captures, matchers)),
    ...patterns.flatMap(pattern => lintReferences(pattern, captures, match)),
    ...lintIp(match.ip, index),
  ]
}

function patternsOf(match: AclMatch, index: number): WrittenPattern[] {
  const fields = FIELDS.flatMap(field => {
    const source = match[field]
    return source === undefined ? [] : [{ path: [index, 'match', field], source }]
  })
  const labels = Object.entries(match.labels ?? {}).map(([key, source]) => ({
    path: [index, 'match', 'labels', key],
    source,
  }))
  return [...fields, ...labels]
}

function lintPattern(
  { path, source }: WrittenPattern,
  captures: Captures,
  matchers: Matchers,
): PolicyIssue[] {
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
  return [{ severity: 'warning', path, message, hint: 'write a literal [ or \\ as \\[ or \\\\' }]
}

function lintReferences(pattern: WrittenPattern, captures: Captures, match: AclMatch): PolicyIssue[] {
  const references = [...pattern.source.matchAll(/\$\{([A-Za-z]+):\d+\}/g)]
  return references.flatMap(([reference, key = '']) => {
    const field = fieldNamed(key)
    if (field === undefined || captures.has(reference)) return []
    const message = `${reference} is not replaced, so it stands for itself`
    const isRegex = regexSource(match[field] ?? '') !== undefined
    const hint = isRegex
      ? `it needs that group in the expression for ${field}, and a place before other variables in a field's pattern`
      : `it needs a pattern for ${field} that is a /regular expression/ with that group`
    return [{ severity: 'warning', path: pattern.path, message, hint }]
  })
}

function lintIp(ip: string | undefined, index: number): PolicyIssue[] {
  if (ip === undefined || parseIpNetwork(ip) !== undefined) return []
  const message = `invalid IP pattern ${JSON.stringify(ip)}: not an address or CIDR block`
  const hint = 'write it as 10.0.0.1, 10.0.0.0/8, 2001:db8::1 or 2001:db8::/32'
  return [{ severity: 'error', path: [index, 'match', 'ip'], message, hint }]
}

function lintReach(entries: readonly AclEntry[]): PolicyIssue[] {
  const all = entries.findIndex(({ match }) => isUnconditional(match))
  if (all === -1 || all === entries.length - 1) return []
  const message = `no rule from here on is reached: acl[${all}] matches every request`
  const hint = 'the first rule that matches decides, so put the general rule last'
  return [{ severity: 'warning', path: [all + 1], message, hint }]
}

function isUnconditional({ labels = {}, ...fields }: AclMatch): boolean {
  return Object.keys(labels).length === 0 && Object.values(fields).every(value => value === undefined)
}
