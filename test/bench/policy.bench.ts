import type { Question } from '../../src/model/decision.ts'
import type { Subject } from '../../src/model/subject.ts'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import type { Benchmark } from './benchmark.ts'

/** One kind of rule each, as real lists mix them; `n` makes it differ from the others. */
const KINDS: readonly ((n: number) => AclEntry)[] = [
  n => ({ match: { account: `user-${n}`, name: `home-${n}/*` }, actions: ['*'] }),
  n => ({ match: { name: `team-${n}/*`, type: 'repository' }, actions: ['pull', 'push'] }),
  n => ({ match: { labels: { team: `t${n}` }, name: `dev-${n}-*/*` }, actions: ['pull', 'push'] }),
  n => ({ match: { account: '?*', name: `proj-${n}-\${labels:team}/*` }, actions: ['pull'] }),
  n => ({ match: { name: `/^svc-${n}\\/(api|web)$/` }, actions: ['pull'] }),
  n => ({ match: { name: `*/app-${n}` }, actions: ['pull'] }),
  n => ({ match: { name: `/-${n}\\/release$/` }, actions: ['pull'], tags: ['v*'] }),
  n => ({ match: { account: `/^bot-${n}-/`, name: '*' }, actions: ['pull'] }),
  n => ({ match: { labels: { role: `/^r${n}$/` }, ip: '10.0.0.0/8' }, actions: ['pull'] }),
  n => ({ match: { name: `\${account}/x-${n}` }, actions: ['*'] }),
]

function mixed(count: number): readonly AclEntry[] {
  return Array.from({ length: count }, (_, n) => KINDS[n % KINDS.length]?.(n) ?? { match: {} })
}

function alike(count: number, name: (n: number) => string): readonly AclEntry[] {
  return Array.from({ length: count }, (_, n) => ({ match: { name: name(n) }, actions: ['pull'] }))
}

const DEVELOPER: Subject = {
  name: 'developer',
  via: 'static',
  labels: { team: ['backend', 'ops'], role: ['dev'] },
}

function question(name: string, subject = DEVELOPER): Question {
  const access = { type: 'repository', name, actions: ['pull', 'push'] }
  return { subject, access, service: 'registry.example', clientIp: '192.0.2.7', now: 1_800_000_000_000 }
}

let asked = 0

/** A name that no rule matches and that was never asked for, so that nothing is remembered about it. */
function newName(): string {
  asked += 1
  return `other-${asked}/deep/image-${asked}`
}

function deciding(
  name: string,
  acl: readonly AclEntry[],
  ask: () => Question,
  more: Partial<Benchmark> = {},
): Benchmark {
  const { policy } = compilePolicy(acl)
  return {
    name,
    operations: 500,
    run: operations => {
      for (let count = 0; count < operations; count++) decide(policy, ask())
    },
    ...more,
  }
}

const same = question('other/image')
const TARGET = { target: '< 50 µs' }

/** A subject that no plan is made for yet. */
function newSubject(): Subject {
  asked += 1
  return { ...DEVELOPER, name: `user${asked}` }
}

/** `npm run bench -- policy`. */
export const benchmarks: readonly Benchmark[] = [
  deciding('miss, 1000 mixed rules', mixed(1_000), () => question(newName()), TARGET),
  deciding(
    'miss, 1000 globs team-N/*',
    alike(1_000, n => `team-${n}/*`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 globs */app-N',
    alike(1_000, n => `*/app-${n}`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 regexes /^svc-N\\/.*$/',
    alike(1_000, n => `/^svc-${n}\\/.*$/`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 regexes /-N\\/release$/',
    alike(1_000, n => `/-${n}\\/release$/`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 globs ${labels:team}-N/*',
    alike(1_000, n => `\${labels:team}-${n}/*`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 regexes /^x-N-${labels:team}\\/.*$/',
    alike(1_000, n => `/^x-${n}-\${labels:team}\\/.*$/`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 globs *-N-*',
    alike(1_000, n => `*-${n}-*`),
    () => question(newName()),
    TARGET,
  ),
  deciding(
    'miss, 1000 regexes /-(N|xN)-/',
    alike(1_000, n => `/-(${n}|x${n})-/`),
    () => question(newName()),
  ),
  deciding('miss, 10000 mixed rules', mixed(10_000), () => question(newName()), { operations: 50 }),
  deciding('hit on the last of 1000', [...mixed(999), { match: {}, actions: ['*'] }], () =>
    question(newName()),
  ),
  deciding('subject never seen, 1000 mixed rules', mixed(1_000), () => question(newName(), newSubject()), {
    operations: 50,
  }),
  deciding('asked before, 1000 mixed rules', mixed(1_000), () => same, {
    operations: 20_000,
    target: '< 1 µs',
  }),
  deciding('asked before by an equal subject', mixed(1_000), () => ({ ...same, subject: { ...DEVELOPER } }), {
    operations: 20_000,
  }),
  {
    name: 'compile and lint 10000 mixed rules',
    target: '< 1 s',
    operations: 1,
    run: () => void compilePolicy(mixed(10_000)),
  },
  {
    name: 'compile and lint 10000 globs',
    target: '< 1 s',
    operations: 1,
    run: () => void compilePolicy(alike(10_000, n => `team-${n}/*`)),
  },
]
