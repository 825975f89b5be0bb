import t from 'tap'
import type { AclEntry, AclMatch } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, fixture, questionOf, readLines } from './acl-case.ts'

/** What docker_auth was seen to do; its meaning is that of `expectation` below. */
interface Case {
  readonly group: string
  readonly acl: readonly (readonly [match: unknown, actions: unknown])[]
  readonly req: AclRequest
  readonly r: boolean | string | readonly string[]
}

const FIELDS = ['account', 'type', 'name', 'service', 'ip']

// The file's schema, not the policy, refuses what is no rule. Here that is done in small: a match or
// actions missing or of a wrong type (docker_auth does not load, or crashes), and a key of a match that
// docker_auth ignores, so that it grants to everybody, and that we refuse by decision.
function entryOf([match, actions]: Case['acl'][number]): AclEntry | 'unknown key' | undefined {
  if (!isRecord(match) || !Array.isArray(actions) || !actions.every(isText)) return undefined
  if (Object.keys(match).some(key => key !== 'labels' && !FIELDS.includes(key))) return 'unknown key'
  const { labels = {}, ...fields } = match
  if (!Object.values(fields).every(isText)) return undefined
  if (labels !== null && !(isRecord(labels) && Object.values(labels).every(isText))) return undefined
  return { match: withoutNulls(match) as AclMatch, actions: actions.map(action => action ?? '') }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value === null
}

// docker_auth reads null as absent for a field and as '' inside labels and lists.
function withoutNulls(match: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(match).filter(([, value]) => value !== null)
  return Object.fromEntries(
    given.map(([key, value]) => [key, isRecord(value) ? textValues(value) : value] as const),
  )
}

function textValues(labels: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, value ?? ''] as const))
}

function outcome({ acl, req }: Case): unknown {
  const entries = acl.map(entryOf)
  if (entries.includes('unknown key')) return 'REFUSED BY DECISION'
  const sound = entries.filter(entry => typeof entry === 'object')
  if (sound.length < entries.length) return 'REFUSED'
  const { policy, issues } = compilePolicy(sound)
  if (issues.some(issue => issue.severity === 'error')) return 'REFUSED'
  const decision = decide(policy, questionOf(req))
  return decision.rule === 'default-deny' ? 'NO RULE' : decision.granted
}

function expectation({ req, r }: Case): unknown {
  if (r === 'LOADERR' || r === 'CRASH') return 'REFUSED'
  if (r === false) return 'NO RULE'
  return r === true ? questionOf(req).access.actions : r
}

// Observed with Go 1.19; the released docker_auth is built with a Go that accepts this spelling of a group.
function isOldGo({ acl, r }: Case): boolean {
  return r === 'LOADERR' && JSON.stringify(acl).includes('(?<') && !/\(\?<[=!]/.test(JSON.stringify(acl))
}

const cases = readLines<Case>(process.env['LANDWAITER_ACL_CORPUS'] ?? fixture('docker-auth-acl.jsonl'))

for (const [group, members] of Map.groupBy(cases, ({ group }) => group)) {
  t.test(`decides as docker_auth does: ${group}`, async t => {
    for (const member of members) {
      const line = JSON.stringify({ acl: member.acl, req: member.req })
      const got = outcome(member)
      if (got === 'REFUSED BY DECISION') t.pass(`refused instead of granted to everybody: ${line}`)
      else if (member.r === 'LOADS') t.not(got, 'REFUSED', line)
      else if (isOldGo(member)) t.not(got, 'REFUSED', line)
      else t.strictSame(got, expectation(member), line)
    }
  })
}

t.test('has cases to run', async t => {
  t.ok(cases.length > 0)
})
