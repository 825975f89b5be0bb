import type { AclEntry, AclMatch } from './acl-entry.ts'
import { FIELDS } from './context.ts'
import { isSubnet, parseIpNetwork } from './ip-network.ts'
import type { Matchers } from './matcher.ts'
import { covers } from './pattern-cover.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { endsOfTemplate, parseTemplate } from './template.ts'
import { ruleActions } from './words.ts'

/** Rules that no request can reach, as far as that can be proved from the patterns. */
export function lintReach(entries: readonly AclEntry[], matchers: Matchers): readonly PolicyIssue[] {
  const all = entries.findIndex(entry => isEnd(entry) && isUnconditional(entry.match))
  const reached = all === -1 ? entries : entries.slice(0, all + 1)
  const shadowed = lintShadows(reached, matchers)
  if (all === -1 || all === entries.length - 1) return shadowed
  const message = `no rule from here on is reached: acl[${all}] matches every request`
  const hint = 'the first rule that matches decides, so put the general rule last'
  return [...shadowed, { severity: 'warning', path: [all + 1], message, hint }]
}

/** Whether a rule, where it matches, leaves nothing to the rules behind it at any time. */
function isEnd(entry: AclEntry): boolean {
  const { effect, tags, clients, until, hours } = entry
  const isAlways = [tags, clients, until, hours].every(key => key === undefined)
  return isAlways && (effect !== 'deny' || ruleActions(entry, new Set()).isAll)
}

function isUnconditional({ labels = {}, ...fields }: AclMatch): boolean {
  return Object.keys(labels).length === 0 && Object.values(fields).every(value => value === undefined)
}

function lintShadows(entries: readonly AclEntry[], matchers: Matchers): readonly PolicyIssue[] {
  const ends = createEnds(matchers)
  return entries.flatMap((entry, index) => {
    const by = ends.findCovering(entry.match)
    if (by === undefined) {
      if (isEnd(entry)) ends.add(entry.match, index)
      return []
    }
    const message = `this rule is never reached: acl[${by}] matches everything that it does`
    const hint = 'the first rule that matches decides, so put the special rule first'
    return [{ severity: 'warning', path: [index], message, hint }]
  })
}

// Bounds the time for lists of thousands of rules that differ in ways the groups below do not tell apart.
const MAX_COMPARED = 20

interface End {
  readonly match: AclMatch
  readonly index: number
}

/** The ends so far, in groups by account and by the beginning of the name, so that few have to be compared. */
function createEnds(matchers: Matchers) {
  const groups = new Map<string, End[]>()
  const lengths = new Set<number>()
  const identical = new Map<string, number>()

  function add(match: AclMatch, index: number): void {
    const prefix = prefixOf(match)
    const key = groupKey(accountGroup(match.account), prefix)
    const group = groups.get(key) ?? []
    if (group.length < MAX_COMPARED) group.push({ match, index })
    groups.set(key, group)
    lengths.add(prefix.length)
    identical.set(JSON.stringify(match), index)
  }

  function findCovering(match: AclMatch): number | undefined {
    const same = identical.get(JSON.stringify(match))
    if (same !== undefined) return same
    const prefix = prefixOf(match)
    const accounts = new Set([ANY, PATTERN, accountGroup(match.account)])
    for (const length of lengths) {
      if (length > prefix.length) continue
      for (const account of accounts) {
        const group = groups.get(groupKey(account, prefix.slice(0, length)))
        const found = group?.find(end => coversMatch(end.match, match, matchers))
        if (found !== undefined) return found.index
      }
    }
    return undefined
  }

  return { add, findCovering }
}

const ANY = 'any'
const PATTERN = 'pattern'

function accountGroup(account: string | undefined): string {
  if (account === undefined) return ANY
  return /[*?[\\$]/.test(account) || account.startsWith('/') ? PATTERN : `=${account}`
}

/** Two groups may share a key: every end found is compared. */
function groupKey(account: string, prefix: string): string {
  return `${account} ${prefix}`
}

function prefixOf({ name = '' }: AclMatch): string {
  return endsOfTemplate(parseTemplate(name, new Map())).prefix
}

function coversMatch(outer: AclMatch, inner: AclMatch, matchers: Matchers): boolean {
  const labels = Object.entries(outer.labels ?? {})
  return (
    labels.every(([key]) => inner.labels?.[key] !== undefined) &&
    FIELDS.every(field => covers(outer[field], inner[field], matchers)) &&
    coversIp(outer.ip, inner.ip) &&
    labels.every(([key, pattern]) => coversLabel(pattern, inner.labels?.[key], matchers)) &&
    (hasSameFields(outer, inner) || !refersToGroups(outer))
  )
}

/** Unlike a field, a label that is not asked for may be missing. */
function coversLabel(outer: string, inner: string | undefined, matchers: Matchers): boolean {
  return inner !== undefined && covers(outer, inner, matchers)
}

function coversIp(outer: string | undefined, inner: string | undefined): boolean {
  if (outer === undefined) return true
  const network = parseIpNetwork(outer)
  const subnet = inner === undefined ? undefined : parseIpNetwork(inner)
  return network !== undefined && subnet !== undefined && isSubnet(subnet, network)
}

/** What `${account:1}` stands for depends on the rule's own expression for the account. */
function refersToGroups({ labels = {}, ...fields }: AclMatch): boolean {
  return [...Object.values(fields), ...Object.values(labels)].some(source =>
    /\$\{[A-Za-z]+:\d+\}/.test(source ?? ''),
  )
}

function hasSameFields(outer: AclMatch, inner: AclMatch): boolean {
  return FIELDS.every(field => outer[field] === inner[field])
}
