import type { AclEntry } from './acl-entry.ts'
import { parseIpNetwork } from './ip-network.ts'
import { parseEnd } from './moment.ts'
import { parseHours } from './office-hours.ts'
import type { PolicyIssue } from './policy-issue.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9 ._:@+-]{0,63}$/
// What decisions and audit lines say when no rule decided.
const TAKEN = /^(acl\[\d+\]|default-deny|any-login|authentication)$/

/** Faults of the keys that are no patterns. */
export function lintKeys(entry: AclEntry, index: number): readonly PolicyIssue[] {
  const { match, tags, clients } = entry
  return [
    ...lintName(entry, index),
    ...lintIp(match.ip, index),
    ...lintList('tags', tags, index),
    ...lintList('clients', clients, index),
    ...lintTime(entry, index),
  ]
}

/** A name that two rules have tells nobody which of them decided. */
export function lintNames(entries: readonly AclEntry[]): readonly PolicyIssue[] {
  const first = new Map<string, number>()
  return entries.flatMap(({ name }, index) => {
    if (name === undefined) return []
    const other = first.get(name)
    if (other === undefined) first.set(name, index)
    if (other === undefined) return []
    const message = `acl[${other}] has this name too, so decisions do not tell them apart`
    return [{ severity: 'warning', path: [index, 'name'], message }]
  })
}

function lintName({ name, match }: AclEntry, index: number): readonly PolicyIssue[] {
  if (name === undefined) return []
  const path = [index, 'name']
  if (TAKEN.test(name)) {
    return [{ severity: 'error', path, message: `the name ${JSON.stringify(name)} has a meaning of its own` }]
  }
  if (NAME.test(name)) return []
  const message = `invalid rule name ${JSON.stringify(name)}`
  const hint =
    match.name === undefined && /[*?/[$]/.test(name)
      ? 'this names the rule; a pattern for repositories belongs under match'
      : 'at most 64 letters, digits, spaces and . _ : @ + -, with a letter or digit first'
  return [{ severity: 'error', path, message, hint }]
}

function lintIp(ip: string | undefined, index: number): readonly PolicyIssue[] {
  if (ip === undefined || parseIpNetwork(ip) !== undefined) return []
  const message = `invalid IP pattern ${JSON.stringify(ip)}: not an address or CIDR block`
  const hint = 'write it as 10.0.0.1, 10.0.0.0/8, 2001:db8::1 or 2001:db8::/32'
  return [{ severity: 'error', path: [index, 'match', 'ip'], message, hint }]
}

function lintList(
  key: 'tags' | 'clients',
  patterns: readonly string[] | undefined,
  index: number,
): readonly PolicyIssue[] {
  if (patterns?.length !== 0) return []
  const message = 'an empty list matches nothing, so the rule never applies'
  return [{ severity: 'error', path: [index, key], message, hint: 'leave the key out' }]
}

function lintTime({ until, hours }: AclEntry, index: number): readonly PolicyIssue[] {
  const span = hours === undefined ? undefined : parseHours(hours)
  const issues: PolicyIssue[] = []
  if (until !== undefined && parseEnd(until) === undefined) {
    const hint = 'write it as 2027-01-31 or 2027-01-31T18:00:00Z'
    const message = `${JSON.stringify(until)} is neither a date nor a time with a zone`
    issues.push({ severity: 'error', path: [index, 'until'], message, hint })
  }
  if (span !== undefined && 'fault' in span) {
    const hint = 'write it as 08:00-18:00 or mon-fri 08:00-18:00 Europe/Berlin; without a zone it is UTC'
    const message = `invalid hours ${JSON.stringify(hours)}: ${span.fault}`
    issues.push({ severity: 'error', path: [index, 'hours'], message, hint })
  }
  return issues
}
