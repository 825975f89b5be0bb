import type { Question } from '../../src/model/decision.ts'
import type { Labels } from '../../src/model/subject.ts'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { compilePolicy } from '../../src/policy/policy.ts'
import type { Random } from './random.ts'

const ACCOUNTS = ['', 'alice', 'bob', 'ci', 'a.b', '*', 'team/x', '/a/', 'alice@x', '*@x', 'prod']
const ACCOUNT_PATTERNS = [
  'alice',
  'bob',
  'ci',
  '',
  '*',
  '?*',
  '/^a/',
  '/^(.+)@(.+)$/',
  '/ali|bo/',
  '${labels:team}',
  'a[lm]*',
  '${name}',
]
const NAMES = [
  'prod/api',
  'prod/web',
  'prod/web/x',
  'dev-a/x',
  'dev-b/x',
  'dev-*/x',
  'dev-a/x/y',
  'alice/app',
  'a.b/app',
  'x',
  'api',
  'catalog',
  'dev-a.*/x',
  'aXb/app',
  'Ω/api',
  'web',
  'r/x',
  'other/x',
]
const NAME_PATTERNS = [
  'prod/*',
  'prod/api',
  '/^prod\\/.*/',
  '/^prod\\/(api|web)$/',
  '/^(?i)PROD/',
  'dev-${labels:team}/*',
  '/^dev-${labels:team}\\/.*$/',
  '${labels:team}',
  '${account}/*',
  '${account:1}/*',
  '/^${account:1}\\//',
  '*/api',
  '/api$/',
  '/\\/a.i/',
  '*',
  '**',
  'dev-?/*',
  '[dx]*',
  '/^dev-[ab]/',
  'x',
  '/${account}/',
  'prod/${labels:role}',
  '/^x?prod/',
  '*/*',
  'd[',
  '${service:1}',
  'Ω/*',
  '*web*',
  '${service}/*',
  '*/web/*',
  '*v-${labels:team}*',
  '/(d|x)ev-./',
  '*p?/*',
]
const TAGS = ['v1', 'v2.0', 'latest', 'a-1', 'alice']
const TAG_PATTERNS = ['v*', 'latest', '/^v\\d/', '*', '${labels:team}-*', '${account}', '${account:1}*']
const CLIENTS = ['docker/27', 'skopeo/1.9', 'curl']
const CLIENT_PATTERNS = ['docker/*', '/skopeo/', '*', '/./']
const ACTIONS = ['pull', 'push', 'delete', '*', 'overwrite', 'list', 'mount', '', 'other']
const TIMES = [
  '2027-01-30T09:00:00Z',
  '2027-01-30T09:00:30Z',
  '2027-01-31T23:59:59Z',
  '2027-02-01T00:00:00Z',
  '2027-02-02T22:30:00Z',
  '2027-02-02T17:59:59Z',
  '2027-02-02T18:00:00Z',
]
const IPS = ['10.0.0.1', '10.1.2.3', '192.0.2.1', '::1', '', '::ffff:10.0.0.1']
const VALUES = ['a', 'b', '*', '.*', '/a/', '/prod', 'api/', 'x|prod', '(', 'admin']

function maybe<K extends string, V>(random: Random, key: K, value: () => V, probability: number) {
  return random.chance(probability) ? ({ [key]: value() } as Record<K, V>) : {}
}

function randomEntry(random: Random, isOld: boolean): AclEntry {
  const own = isOld ? 0 : 1
  const match = {
    ...maybe(random, 'account', () => random.pick(ACCOUNT_PATTERNS), 0.4),
    ...maybe(random, 'name', () => random.pick(NAME_PATTERNS), 0.7),
    ...maybe(random, 'type', () => random.pick(['repository', 'reg*', '/^r/']), 0.2),
    ...maybe(random, 'service', () => random.pick(['r', '*', '/^(.)$/']), 0.1),
    ...maybe(random, 'ip', () => random.pick(['10.0.0.0/8', '192.0.2.1', '0.0.0.0/0']), 0.15),
    ...maybe(
      random,
      'labels',
      () => ({ [random.pick(['team', 'role'])]: random.pick(['a', '*', '/^[ab]$/', '${account}', 'admin']) }),
      0.2,
    ),
  }
  return {
    match,
    actions: random.chance(0.2) ? ['*'] : random.some(isOld ? ['pull', 'push', 'delete', '*'] : ACTIONS, 3),
    ...maybe(random, 'tags', () => [random.pick(TAG_PATTERNS), ...random.some(TAG_PATTERNS, 2)], 0.25 * own),
    ...maybe(random, 'clients', () => [random.pick(CLIENT_PATTERNS)], 0.1 * own),
    ...maybe(random, 'effect', () => random.pick(['allow', 'deny'] as const), 0.3 * own),
    ...maybe(random, 'until', () => random.pick(['2027-01-30', '2027-01-31', '2027-03-01']), 0.15 * own),
    ...maybe(random, 'hours', () => random.pick(['08:00-18:00', '22:00-06:00']), 0.15 * own),
    ...maybe(random, 'roles', () => random.some(['reader', 'writer', 'admin'] as const, 2), 0.15 * own),
  }
}

/** A question that such rules may or may not allow. */
export function randomQuestion(random: Random): Question {
  const name = random.pick(ACCOUNTS)
  const labels: Labels = Object.fromEntries(
    ['team', 'role'].flatMap(key => (random.chance(0.6) ? [[key, random.some(VALUES, 3)]] : [])),
  )
  return {
    subject: { name, via: 'static', labels, ...maybe(random, 'isExternal', () => true as const, 0.3) },
    access: {
      type: random.pick(['repository', 'repository', 'registry']),
      name: random.pick(NAMES),
      actions: random.some(ACTIONS, 3),
    },
    service: random.pick(['r', 'other']),
    clientIp: random.pick(IPS),
    now: Date.parse(random.pick(TIMES)),
    ...maybe(random, 'tag', () => random.pick(TAGS), 0.5),
    ...maybe(random, 'userAgent', () => random.pick(CLIENTS), 0.5),
  }
}

/** The question with one part of another, so that only that part tells the two apart. */
export function variants(question: Question, other: Question): readonly Question[] {
  const { tag: _tag, userAgent: _userAgent, ...bare } = question
  const { name, labels, isExternal } = other.subject
  return [
    question,
    bare,
    { ...bare, ...(other.tag !== undefined && { tag: other.tag }) },
    { ...bare, ...(other.userAgent !== undefined && { userAgent: other.userAgent }) },
    { ...question, clientIp: other.clientIp },
    { ...question, now: other.now },
    { ...question, service: other.service },
    { ...question, access: { ...question.access, actions: other.access.actions } },
    { ...question, access: { ...question.access, type: other.access.type } },
    { ...question, subject: { ...question.subject, name } },
    { ...question, subject: { ...question.subject, labels } },
    {
      ...question,
      subject: {
        name: question.subject.name,
        via: 'static',
        labels: question.subject.labels,
        ...(isExternal && { isExternal }),
      },
    },
  ]
}

/** Some rules, a quarter of them docker_auth's alone, and what became of them. */
export function randomPolicy(random: Random) {
  const isOld = random.chance(0.25)
  const acl = Array.from({ length: 1 + random.below(12) }, () => randomEntry(random, isOld))
  const compat = random.chance(0.2) ? ('docker_auth_1' as const) : undefined
  const { policy, issues } = compilePolicy(acl, { compat })
  return { acl, compat, policy, errors: issues.filter(({ severity }) => severity === 'error') }
}
