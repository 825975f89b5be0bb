import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import type { ResourceActions } from '../../src/model/access.ts'
import type { Question } from '../../src/model/decision.ts'
import type { Subject } from '../../src/model/subject.ts'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide, type Policy } from '../../src/policy/policy.ts'
import { createRandom, type Random } from '../policy/random.ts'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import {
  plausibleAnswer,
  type RecordingUpstream,
  startRecordingUpstream,
} from '../support/recording-upstream.ts'
import { tempDir } from '../support/temp-dir.ts'

const POLICIES = 60
const QUESTIONS = 20
const SERVICE = 'registry.test'
const START = Date.parse('2027-01-29T08:30:00Z')
const HOUR_MS = 3_600_000

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST_TYPE,
  config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 },
  layers: [],
})
const BLOB = digestOf('a blob, and no manifest that has a tag')
const SESSION = '0b51f4a5-0c0c-4d5e-8f6d-8a5f3f6d1c11?_state=s'

const NAMES = ['alice/app', 'dev-a/app', 'dev-b/app', 'prod/api', 'prod/web', 'x']
/** What the registry has, and a tag that it has not. */
const TAGS = ['latest', 'v1']
const NEW_TAG = 'v2'
const DIGEST_OF: Readonly<Record<string, string>> = { latest: digestOf(MANIFEST), v1: digestOf('another') }
const ACCOUNT_PATTERNS = ['alice', 'bob', '', '?*', '/^a/', '/^(.)o/', 'zoe', '*']
const NAME_PATTERNS = [
  'prod/*',
  'dev-${labels:team}/*',
  '/^dev-${labels:team}\\//',
  '${account}/*',
  '*/app',
  '/web$|^x$/',
  'catalog',
  '*',
]
const TAG_PATTERNS = ['v*', 'latest', '/^v[12]$/', '${account}']
const LABELS = ['a', 'b', '*', '.*', 'a|b']
const IPS = ['10.0.0.7', '192.0.2.1', '2001:db8::1']
const NETWORKS = ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']
const AGENTS = ['docker/27.0', 'skopeo/1.9', 'curl/8']
const AGENT_PATTERNS = ['docker/*', '/skopeo|curl/']
const DOCKER_ACTIONS = ['pull', 'push', 'delete', '*']
const ACTIONS = [...DOCKER_ACTIONS, 'overwrite', 'list', 'mount']

/** Who asks, and with what password; `zoe` is known to a program alone. */
interface Person {
  readonly subject: Subject
  readonly authorization: string
}

interface World {
  readonly random: Random
  readonly lw: TestLandwaiter
  readonly upstream: RecordingUpstream
  readonly policy: Policy
  readonly people: readonly Person[]
  readonly now: number
}

/** One person with one client at one place. */
interface Visit extends World {
  readonly person: Person
  readonly clientIp: string
  readonly userAgent: string
}

/** Actions that have to be granted together; with `tag` on that tag. */
interface Right extends ResourceActions {
  readonly tag?: string
}

/**
 * A request and what has to be granted for it: each of `rights` by the policy, or one of `either`, and `scope` by a
 * token, which knows docker's words only.
 */
interface Ask {
  readonly method: string
  readonly path: string
  readonly scope?: ResourceActions
  readonly rights: readonly Right[]
  readonly either?: readonly Right[]
  /** With this granted as well, a blob is taken over from there; without it a plain upload begins. */
  readonly mount?: { readonly scope: ResourceActions; readonly rights: readonly Right[] }
  readonly list?: { readonly kind: 'catalog' } | { readonly kind: 'tags'; readonly name: string }
  readonly body?: string
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function randomEntry(random: Random, isOfDocker: boolean): AclEntry {
  const actions = isOfDocker ? DOCKER_ACTIONS : ACTIONS
  const maybe = (probability: number, part: object) => (random.chance(probability) ? part : {})
  const effect = random.pick(['allow', 'deny'] as const)
  return {
    match: {
      ...maybe(0.4, { account: random.pick(ACCOUNT_PATTERNS) }),
      ...maybe(0.7, { name: random.pick(NAME_PATTERNS) }),
      ...maybe(0.2, { type: random.pick(['repository', 'registry', '/^r/']) }),
      ...maybe(0.1, { service: random.pick([SERVICE, '*.test', 'other']) }),
      ...maybe(0.15, { ip: random.pick(NETWORKS) }),
      ...maybe(0.15, { labels: { team: random.pick(['a', '*', '/^[ab]$/']) } }),
    },
    actions: random.chance(0.3) ? ['*'] : [random.pick(actions), ...random.some(actions, 3)],
    ...maybe(isOfDocker ? 0 : 0.2, { roles: [random.pick(['reader', 'writer', 'admin'] as const)] }),
    ...maybe(0.25, { tags: [random.pick(TAG_PATTERNS), ...random.some(TAG_PATTERNS, 1)] }),
    ...maybe(0.35, { effect }),
    ...maybe(0.1, { clients: [random.pick(AGENT_PATTERNS)] }),
    ...maybe(0.1, { until: random.pick(['2027-01-30', '2027-02-05T12:00:00Z', '2027-03-01']) }),
    ...maybe(0.1, { hours: random.pick(['08:00-18:00', 'mon-fri 22:00-06:00']) }),
  }
}

const repository = (name: string, ...actions: readonly string[]) => ({ type: 'repository', name, actions })

/** A request for which a token has to say what the policy does. */
const plain = (method: string, path: string, right: Right): Ask => {
  const { type, name, actions } = right
  return { method, path, scope: { type, name, actions }, rights: [right] }
}

function readsAndUploads(name: string, tag: string, from: string): readonly Ask[] {
  const pull = repository(name, 'pull')
  const push = repository(name, 'pull', 'push')
  const uploads = `${name}/blobs/uploads/`
  const source = repository(from, 'pull')
  const start: Ask = {
    ...plain('POST', `${uploads}?mount=${BLOB}&from=${from}`, push),
    mount: { scope: source, rights: [repository(name, 'mount'), source] },
  }
  return [
    ...['GET', 'HEAD'].flatMap(method => [
      plain(method, `${name}/manifests/${tag}`, { ...pull, tag }),
      plain(method, `${name}/manifests/${digestOf(MANIFEST)}`, pull),
      plain(method, `${name}/blobs/${BLOB}`, pull),
    ]),
    plain('GET', `${name}/referrers/${digestOf(MANIFEST)}`, pull),
    {
      method: 'GET',
      path: `${name}/tags/list`,
      scope: pull,
      rights: [repository(name, 'list')],
      list: { kind: 'tags', name },
    },
    {
      ...plain('GET', '_catalog', { type: 'registry', name: 'catalog', actions: ['*'] }),
      list: { kind: 'catalog' },
    },
    { method: 'GET', path: '', rights: [] },
    plain('POST', uploads, push),
    start,
    start,
    ...['GET', 'PATCH', 'DELETE'].map(method => plain(method, uploads + SESSION, push)),
    plain('PUT', `${uploads}${SESSION}&digest=${BLOB}`, push),
  ]
}

function manifestPush(name: string, tag: string): Ask {
  const scope = repository(name, 'pull', 'push')
  const create = { ...scope, tag }
  const move = { ...repository(name, 'pull', 'overwrite'), tag }
  const ask = { method: 'PUT', path: `${name}/manifests/${tag}`, body: MANIFEST, scope }
  const current = DIGEST_OF[tag]
  if (current === undefined) return { ...ask, rights: [create] }
  // What is there already may be pushed again with either right.
  return current === digestOf(MANIFEST)
    ? { ...ask, rights: [], either: [create, move] }
    : { ...ask, rights: [move] }
}

function deletions(name: string, tag: string): readonly Ask[] {
  const scope = repository(name, 'delete')
  return [
    plain('DELETE', `${name}/manifests/${tag}`, { ...scope, tag }),
    plain('DELETE', `${name}/manifests/${BLOB}`, scope),
    // The tag goes with it.
    {
      ...plain('DELETE', `${name}/manifests/${digestOf(MANIFEST)}`, scope),
      rights: [scope, { ...scope, tag: 'latest' }],
    },
    plain('DELETE', `${name}/blobs/${BLOB}`, scope),
  ]
}

function randomAsk(random: Random): Ask {
  const name = random.pick(NAMES)
  const tag = random.pick([...TAGS, NEW_TAG])
  const push = manifestPush(name, tag)
  const byDigest = plain('PUT', `${name}/manifests/${digestOf(MANIFEST)}`, repository(name, 'pull', 'push'))
  return random.pick([
    ...readsAndUploads(name, tag, random.pick(NAMES)),
    ...deletions(name, tag),
    ...[push, push, push, push, { ...byDigest, body: MANIFEST }],
  ])
}

/** What the policy itself says. */
function granted(visit: Visit, { tag, ...access }: Right): readonly string[] {
  const question: Question = {
    subject: visit.person.subject,
    access,
    service: SERVICE,
    clientIp: visit.clientIp,
    now: visit.now,
    userAgent: visit.userAgent,
    ...(tag === undefined ? {} : { tag }),
  }
  return decide(visit.policy, question).granted
}

const allows = (visit: Visit, right: Right) => {
  const given = granted(visit, right)
  return right.actions.every(action => given.includes(action))
}

/** Whether a token with this access covers it; none is a password, which leaves all to the policy. */
function covers(
  token: readonly ResourceActions[] | undefined,
  { type, name, actions }: ResourceActions,
): boolean {
  if (token === undefined) return true
  const given = token
    .filter(entry => entry.type === type && entry.name === name)
    .flatMap(entry => entry.actions)
  return given.includes('*') || actions.every(action => given.includes(action))
}

const headersOf = ({ clientIp, userAgent }: Visit, authorization: string) => ({
  'x-forwarded-for': clientIp,
  'user-agent': userAgent,
  ...(authorization === '' ? {} : { authorization }),
})

interface Issued {
  readonly token: string
  readonly access: readonly ResourceActions[]
}

async function fetchToken(visit: Visit, scopes: readonly ResourceActions[]): Promise<Issued> {
  const query = scopes.map(({ type, name, actions }) => `scope=${type}:${name}:${actions.join()}`).join('&')
  const headers = headersOf(visit, visit.person.authorization)
  const { status, text } = await visit.lw.request(`/auth?service=${SERVICE}&${query}`, { headers })
  if (status !== 200) throw new Error(`${status} ${text}`)
  const { token } = JSON.parse(text)
  return { token, access: JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).access }
}

/** What became of a request: whether it was let through, and what the registry or the list said. */
async function send(visit: Visit, ask: Ask, authorization: string) {
  visit.upstream.take()
  const { method, path, body } = ask
  const headers = {
    ...headersOf(visit, authorization),
    ...(body === undefined ? {} : { 'content-type': MANIFEST_TYPE }),
  }
  const options = { method, headers, ...(body === undefined ? {} : { body }) }
  const { status, text } = await visit.lw.request(`/v2/${path}`, options)
  const forwarded = visit.upstream.take().map(({ line }) => line)
  const { repositories, tags } = status === 200 && ask.list !== undefined ? JSON.parse(text) : {}
  return {
    status,
    // The registry does not have every tag.
    isLetThrough: status < 300 || (status === 404 && forwarded.length > 0),
    isRefused: (status === 401 || status === 403) && forwarded.length === 0,
    isMount: forwarded.some(line => line.includes('mount=')),
    listed: repositories ?? tags,
  }
}

/** What is wrong with one request; `undefined` when it went as the policy and the token say. */
async function disagreement(visit: Visit, ask: Ask, issued: Issued | undefined): Promise<object | undefined> {
  const { person } = visit
  const expected = expectation(visit, ask, issued?.access)
  const got = await send(visit, ask, issued === undefined ? person.authorization : `Bearer ${issued.token}`)
  counts[`${issued === undefined ? 'password' : 'token'} ${expected.isAllowed ? 'allowed' : 'denied'}`] += 1
  const isRight =
    (expected.isAllowed ? got.isLetThrough : got.isRefused) &&
    got.isMount === expected.isMount &&
    JSON.stringify(got.listed) === JSON.stringify(expected.listed)
  return isRight ? undefined : { ask, token: issued?.access, expected, got }
}

function expectation(visit: Visit, ask: Ask, token: readonly ResourceActions[] | undefined) {
  const { scope, rights, either = [], mount } = ask
  const isAllowed =
    (token !== undefined || visit.person.subject.name !== '') &&
    (scope === undefined || covers(token, scope)) &&
    rights.every(right => allows(visit, right)) &&
    (either.length === 0 || either.some(right => allows(visit, right)))
  const isMount =
    isAllowed &&
    mount !== undefined &&
    covers(token, mount.scope) &&
    mount.rights.every(right => allows(visit, right))
  return { isAllowed, isMount, listed: isAllowed ? visibleIn(visit, ask) : undefined }
}

/** The names that a list should show. */
function visibleIn(visit: Visit, { list }: Ask): readonly string[] | undefined {
  if (list === undefined) return undefined
  if (list.kind === 'catalog') return NAMES.filter(name => allows(visit, repository(name, 'pull')))
  return TAGS.filter(tag => allows(visit, { ...repository(list.name, 'pull'), tag }))
}

const counts = {
  'password allowed': 0,
  'password denied': 0,
  'token allowed': 0,
  'token denied': 0,
  scopes: 0,
}

async function faultOfTurn(visit: Visit): Promise<object | undefined> {
  const { random } = visit
  const scopes = [randomScope(random), ...random.some([0, 0], 2).map(() => randomScope(random))]
  const asked = await fetchToken(visit, scopes)
  const expected = scopes.map(scope => ({ ...scope, actions: granted(visit, sorted(scope)) }))
  counts.scopes += expected.filter(({ actions }) => actions.length > 0).length
  if (JSON.stringify(asked.access) !== JSON.stringify(expected))
    return { scopes, expected, got: asked.access }

  const ask = randomAsk(random)
  const fitting = await fetchToken(
    visit,
    [ask.scope, ask.mount?.scope].filter(scope => scope !== undefined),
  )
  return (
    (await disagreement(visit, ask, undefined)) ??
    (await disagreement(visit, ask, fitting)) ??
    (await disagreement(visit, random.chance(0.5) ? ask : randomAsk(random), asked))
  )
}

function randomScope(random: Random): ResourceActions {
  const actions = [random.pick(DOCKER_ACTIONS), ...random.some(DOCKER_ACTIONS, 2)]
  if (random.chance(0.1)) return { type: 'registry', name: 'catalog', actions }
  return { type: 'repository', name: random.pick(NAMES), actions }
}

/** As the token realm hands a scope on. */
const sorted = (access: ResourceActions) => ({ ...access, actions: access.actions.toSorted() })

/** Knows zoe, whose labels are patterns if one takes them for that. */
const PROGRAM = `#!/bin/sh
read -r name password
[ "$name" = zoe ] || exit 2
[ "$password" = right ] || exit 1
echo '{"labels": {"team": ["*", ".*"]}}'
`

function peopleFor(random: Random): readonly (Person & { readonly isInFile: boolean })[] {
  const inFile = ['alice', 'bob'].map(name => {
    const subject: Subject = { name, via: 'static', labels: { team: random.some(LABELS, 2) } }
    return { subject, authorization: basic(name, 'admin-password'), isInFile: true }
  })
  const zoe = { name: 'zoe', via: 'ext', labels: { team: ['*', '.*'] }, isExternal: true } as const
  const nobody = { name: '', via: 'anonymous', labels: {} } as const
  return [
    ...inFile,
    { subject: zoe, authorization: basic('zoe', 'right'), isInFile: false },
    { subject: nobody, authorization: '', isInFile: false },
  ]
}

/** What a registry with all of `NAMES` and `TAGS` says. */
function answer(request: Parameters<typeof plausibleAnswer>[0]): string {
  const [method, target = ''] = request.line.split(' ')
  const json = (value: object) => {
    const text = JSON.stringify(value)
    return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  }
  if (method === 'GET' && target.startsWith('/v2/_catalog')) return json({ repositories: NAMES })
  if (method === 'GET' && target.includes('/tags/list')) return json({ name: 'any', tags: TAGS })
  if (method === 'HEAD' && target.includes('/manifests/')) {
    const reference = target.split('/').at(-1) ?? ''
    const digest = reference.includes(':') ? reference : DIGEST_OF[reference]
    if (digest === undefined) return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
    const headers = `Content-Type: ${MANIFEST_TYPE}\r\nContent-Length: ${MANIFEST.length}`
    return `HTTP/1.1 200 OK\r\n${headers}\r\nDocker-Content-Digest: ${digest}\r\n\r\n`
  }
  return plausibleAnswer(request)
}

async function open(t: Test, clock: () => number) {
  const program = join(tempDir(t), 'logins.sh')
  writeFileSync(program, PROGRAM, { mode: 0o755 })
  const upstream = await startRecordingUpstream(t, answer)
  const lw = await startLandwaiter(t, {
    clock,
    config: {
      registry: { upstream: upstream.upstream, auth: 'none' },
      // So that the test says where its clients are.
      tls: { mode: 'off' },
      trusted_proxies: ['127.0.0.1/32'],
      token: { issuer: 'landwaiter', service: SERVICE },
      ext_auth: { command: program, cache: '1h' },
    },
  })
  return { upstream, lw }
}

/** Brings a random policy into force. */
async function enact(t: Test, lw: TestLandwaiter, random: Random) {
  const isOfDocker = random.chance(0.3)
  const acl = Array.from({ length: 1 + random.below(8) }, () => randomEntry(random, isOfDocker))
  const people = peopleFor(random)
  const password = SAMPLE.users.admin.password
  const users = Object.fromEntries(
    people.flatMap(({ isInFile, subject: { name, labels } }) =>
      isInFile ? [[name, { password, labels }] as const] : [],
    ),
  )
  const config = parse(readFileSync(lw.file, 'utf8'))
  writeFileSync(lw.file, stringify({ ...config, acl, users: { ...users, '': {} } }))
  const result = await lw.app.reload()
  if (result.outcome !== 'loaded') t.fail(JSON.stringify({ result, acl }))
  return { acl, people, policy: compilePolicy(acl).policy }
}

t.test('the policy, the token realm and /v2 never disagree', async t => {
  let now = START
  const { upstream, lw } = await open(t, () => now)
  for (let seed = 0; seed < POLICIES; seed++) {
    const random = createRandom(seed)
    now += 5 * HOUR_MS
    const { acl, ...enacted } = await enact(t, lw, random)
    for (let turn = 0; turn < QUESTIONS; turn++) {
      const visit = {
        ...enacted,
        random,
        lw,
        upstream,
        now,
        person: random.pick(enacted.people),
        clientIp: random.pick(IPS),
        userAgent: random.pick(AGENTS),
      }
      const fault = await faultOfTurn(visit)
      if (fault === undefined) continue
      const { person, clientIp, userAgent } = visit
      const when = new Date(now).toISOString()
      t.fail(
        JSON.stringify(
          { seed, turn, acl, subject: person.subject, clientIp, userAgent, when, fault },
          null,
          1,
        ),
      )
      return
    }
  }
  const enough = (POLICIES * QUESTIONS) / 10
  for (const [what, count] of Object.entries(counts)) t.ok(count > enough, `${what}: ${count} times`)
})
