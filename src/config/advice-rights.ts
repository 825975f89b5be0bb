import type { Subject } from '../model/subject.ts'
import { hasAnyRight } from '../policy/any-right.ts'
import { matchedText } from '../policy/matched-text.ts'
import { createMatchers, type Matchers } from '../policy/matcher.ts'
import type { Policy } from '../policy/policy.ts'
import type { Fault, KeyPath } from './fault.ts'
import type { FileConfig } from './schema.ts'
import type { StaticUser } from './section-users.ts'

/** Sections that may allow what no rule does. */
const AUTHORIZERS = ['ext_authz', 'http_authz', 'casbin_authz', 'acl_mongo', 'acl_xorm', 'plugin_authz']

/** Sections that bring users of which the file does not know the labels. */
const AUTHENTICATORS = [
  'ext_auth',
  'ldap_auth',
  'oidc_auth',
  'google_auth',
  'github_auth',
  'gitlab_auth',
  'mongo_auth',
  'xorm_auth',
  'plugin_authn',
]

/** What `users` and `acl` say of each other: users without a right, and labels that nobody has. */
export function adviceOnRights(file: FileConfig, policy: Policy): readonly Fault[] {
  if (policy.rules.length === 0) return []
  const has = (sections: readonly string[]) =>
    Object.entries(file).some(([key, value]) => sections.includes(key) && value !== undefined)
  return [
    ...(has(AUTHORIZERS) ? [] : adviceOnUsers(file.users, policy)),
    ...(has(AUTHENTICATORS) || file.tls.client_auth !== undefined ? [] : adviceOnLabels(file)),
  ]
}

function adviceOnUsers(users: FileConfig['users'], policy: Policy): readonly Fault[] {
  return [...users].flatMap(([name, user]) => {
    if (isLocked(user) || hasAnyRight(policy, subjectOf(name, user))) return []
    const who = name === '' ? 'the anonymous user' : `user ${JSON.stringify(name)}`
    return [warning(['users', name], `${who} has no right: no rule allows anything`)]
  })
}

function subjectOf(name: string, { labels }: StaticUser): Subject {
  return { name, via: name === '' ? 'anonymous' : 'static', labels }
}

function isLocked({ password }: StaticUser): boolean {
  return password?.reveal() === ''
}

function adviceOnLabels({ users, acl }: FileConfig): readonly Fault[] {
  const values = labelValues([...users.values()])
  const matchers = createMatchers()
  return acl.flatMap(({ match, tags, clients }, index) => {
    const { labels = {}, ip: _, ...fields } = match
    const conditions = Object.entries(labels).flatMap(([key, pattern]) =>
      adviceOnLabel({ path: ['acl', index, 'match', 'labels', key], key, pattern }, values, matchers),
    )
    const patterns = Object.entries(fields).map(
      ([field, source]) => [['acl', index, 'match', field], source] as const,
    )
    const listed = Object.entries({ tags, clients }).flatMap(([key, sources = []]) =>
      sources.map((source, at) => [['acl', index, key, at], source] as const),
    )
    return [
      ...conditions,
      ...[...patterns, ...listed].flatMap(([path, source]) => adviceOnPlaceholders(path, source, values)),
    ]
  })
}

type LabelValues = ReadonlyMap<string, ReadonlySet<string>>

function labelValues(users: readonly StaticUser[]): LabelValues {
  const entries = users.flatMap(({ labels }) => Object.entries(labels))
  const byKey = Map.groupBy(entries, ([key]) => key)
  return new Map([...byKey].map(([key, pairs]) => [key, new Set(pairs.flatMap(([, values]) => values))]))
}

function adviceOnLabel(
  { path, key, pattern }: { readonly path: KeyPath; readonly key: string; readonly pattern: string },
  known: LabelValues,
  matchers: Matchers,
): readonly Fault[] {
  const values = known.get(key)
  if (values === undefined) return [nobodyHas(path, key)]
  const { kind, matches } = matchers.written(pattern)
  const isOpen = pattern.includes('${') || kind !== 'sound'
  if (isOpen || [...values].some(value => matches(matchedText(value)))) return []
  const message = `no user has a ${JSON.stringify(key)} that matches ${JSON.stringify(pattern)}`
  return [warning(path, message)]
}

function adviceOnPlaceholders(path: KeyPath, source = '', known: LabelValues): readonly Fault[] {
  const keys = [...source.matchAll(/\$\{labels:([^}]*)\}/g)].map(([, key = '']) => key)
  return [...new Set(keys)].flatMap(key => (known.has(key) ? [] : [nobodyHas(path, key)]))
}

function nobodyHas(path: KeyPath, key: string): Fault {
  return warning(path, `no user has the label ${JSON.stringify(key)}`)
}

function warning(path: KeyPath, message: string): Fault {
  return { severity: 'warning', path, message }
}
