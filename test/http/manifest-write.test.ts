import t from 'tap'
import { type ManifestPush, writeManifest } from '../../src/http/manifest-write.ts'
import { Refusal } from '../../src/http/refusal.ts'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import type { Reference } from '../../src/model/reference.ts'
import { createWorld, digestOf, IMAGE, INDEX } from './guard-world.ts'

const never = new AbortController().signal
const byTag = (tag: string): Reference => ({ kind: 'tag', tag })
const push = (text: string, changes: Partial<ManifestPush> = {}): ManifestPush => ({
  name: 'prod/api',
  reference: byTag('v1'),
  mediaType: IMAGE,
  body: Buffer.from(text),
  signal: never,
  ...changes,
})

const IMMUTABLE = { immutable_tags: [{ name: 'prod/*', tags: ['v*'] }] }

t.test('fifty first pushes of different digests to an immutable tag leave one winner', async t => {
  const world = createWorld(IMMUTABLE)
  const bodies = Array.from({ length: 50 }, (_, n) => `manifest ${n}`)
  const outcomes = await Promise.allSettled(
    bodies.map(body => writeManifest(world.ports({ push: 'v1' }), push(body))),
  )
  const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [bodies[n]] : []))
  t.equal(winners.length, 1)
  t.equal(world.tags.get('v1'), digestOf(winners[0] ?? ''))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') t.match(outcome.reason, { status: 403, oci: 'DENIED' })
  }
  t.equal(world.log.filter(entry => entry === 'send v1').length, 1, 'nothing else reached the registry')
  t.equal(world.locks.size(), 0)
})

t.test('a refusal names the tag, the rule and both digests within 200 characters', async t => {
  const world = createWorld(IMMUTABLE)
  const current = digestOf('old')
  world.tags.set('v1', current)
  const refusal = await writeManifest(world.ports({ push: 'v1' }), push('new')).catch(error => error)
  t.ok(refusal instanceof Refusal)
  const short = (digest: string) => digest.slice(0, 19)
  const message = `tag v1 of prod/api is immutable (immutable_tags[0]); it is ${short(current)}, you push ${short(digestOf('new'))}`
  t.equal(refusal.message, message)
  t.equal(refusal.detail, `prod/api:v1 is ${current}, pushed ${digestOf('new')}`)
  t.strictSame(refusal.decision, { rule: 'immutable_tags[0]', reason: message })
  t.strictSame(world.facts, [{ previousDigest: current }], 'for the audit line')

  const name = `prod/${'x'.repeat(250)}`
  const tag = `v${'1'.repeat(127)}`
  world.tags.set(tag, current)
  const long = await writeManifest(
    world.ports({ push: tag }),
    push('new', { name, reference: byTag(tag) }),
  ).catch(error => error)
  t.ok(long.message.length <= 200, `${long.message.length}`)
  t.match(long.message, new RegExp(`it is ${short(current)}, you push ${short(digestOf('new'))}$`))
})

t.test('a tag is created by push, moved by overwrite, and either may push again what is there', async t => {
  const cases: readonly {
    readonly current?: string
    readonly denied: readonly string[]
    readonly outcome: string
    readonly why: string
  }[] = [
    { denied: [], outcome: 'acl-push', why: 'a new tag' },
    { denied: ['overwrite'], outcome: 'acl-push', why: 'creating is no overwrite' },
    { denied: ['push'], outcome: 'may not push', why: 'a new tag needs push' },
    { current: 'old', denied: [], outcome: 'acl-overwrite', why: 'another digest' },
    { current: 'old', denied: ['push'], outcome: 'acl-overwrite', why: 'moving needs no push' },
    { current: 'old', denied: ['overwrite'], outcome: 'may not overwrite', why: 'push does not move' },
    { current: 'new', denied: ['overwrite'], outcome: 'acl-push', why: 'the same digest' },
    { current: 'new', denied: ['push'], outcome: 'acl-overwrite', why: 'the same digest again' },
    { current: 'new', denied: ['push', 'overwrite'], outcome: 'may not push', why: 'no right at all' },
  ]
  for (const { current, denied, outcome, why } of cases) {
    const world = createWorld()
    if (current !== undefined) world.tags.set('v1', digestOf(current))
    for (const action of denied) world.denied.add(action)
    const result = await writeManifest(world.ports({ push: 'v1' }), push('new')).then(
      () => world.facts.at(-1)?.rule,
      error => error.message,
    )
    t.equal(result, outcome, why)
    t.equal(world.log.includes('send v1'), outcome.startsWith('acl'), why)
    t.equal(world.locks.size(), 0)
  }
})

t.test('immutable tags take the same digest again, and signatures move freely', async t => {
  const world = createWorld({ immutable_tags: [{ name: '*/*' }] })
  world.tags.set('v1', digestOf('same'))
  t.equal((await writeManifest(world.ports({ push: 'v1' }), push('same'))).status, 201)
  const signature = `sha256-${'a'.repeat(64)}.sig`
  world.tags.set(signature, digestOf('one'))
  const move = push('two', { reference: byTag(signature) })
  t.equal((await writeManifest(world.ports({ push: signature }), move)).status, 201)
})

t.test('a push by digest needs the digest of its body and looks at no tag', async t => {
  const world = createWorld(IMMUTABLE)
  const reference = (digest: string): Reference => ({ kind: 'digest', digest })
  const wrong = push('x', { reference: reference(digestOf('y')) })
  await t.rejects(writeManifest(world.ports({ push: 'v1' }), wrong), {
    oci: 'DIGEST_INVALID',
    status: 400,
    message: /did not match/,
  })
  t.strictSame(world.log, [])
  const right = push('x', { reference: reference(digestOf('x')) })
  t.equal((await writeManifest(world.ports({ push: 'v1' }), right)).status, 201)
  const sha512 = `sha512:${(await import('node:crypto')).createHash('sha512').update('x').digest('hex')}`
  t.equal(
    (await writeManifest(world.ports({ push: 'v1' }), push('x', { reference: reference(sha512) }))).status,
    201,
  )
  t.strictSame(world.log, ['send v1', 'send v1'])
})

t.test(
  'a registry that cannot tell what a tag is stops the push, and the next one finds the tag free',
  async t => {
    const world = createWorld(IMMUTABLE)
    const down = {
      ...world.ports({ push: 'v1' }),
      findTag: () => Promise.reject(new UpstreamUnavailable('headers', 'x')),
    }
    await t.rejects(writeManifest(down, push('x')), UpstreamUnavailable)
    const failing = {
      ...world.ports({ push: 'v1' }),
      send: () => Promise.reject(new UpstreamUnavailable('headers', 'x')),
    }
    await t.rejects(writeManifest(failing, push('x')), UpstreamUnavailable)
    t.equal(world.locks.size(), 0)
    t.equal((await writeManifest(world.ports({ push: 'v1' }), push('x'))).status, 201)
  },
)

t.test('a tag that the registry cannot read is pushed again where nothing depends on what it is', async t => {
  const cases: readonly (readonly [denied: readonly string[], tag: string, status: number])[] = [
    [[], 'latest', 201],
    [['push'], 'latest', 0],
    [['overwrite'], 'latest', 0],
    [[], 'v1', 0],
  ]
  for (const [denied, tag, status] of cases) {
    const world = createWorld(IMMUTABLE)
    for (const action of denied) world.denied.add(action)
    const broken = {
      ...world.ports({ push: tag }),
      findTag: () => Promise.reject(new UpstreamUnavailable('headers', 'x')),
    }
    const pushing = writeManifest(broken, push('x', { reference: byTag(tag) }))
    const why = `${tag} without ${denied}`
    if (status === 0) await t.rejects(pushing, UpstreamUnavailable, why)
    else t.equal((await pushing).status, status, why)
    t.equal(world.tags.has(tag), status === 201, why)
  }
})

t.test(
  'a client that leaves sends nothing more, but what it has sent keeps the tag until the answer',
  async t => {
    const world = createWorld(IMMUTABLE)
    const leaving = new AbortController()
    const sent = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const first = {
      ...world.ports({ push: 'v1' }),
      send: async () => {
        sent.resolve()
        await answered.promise
        world.tags.set('v1', digestOf('first'))
        return { status: 201, headers: {}, body: new Uint8Array() }
      },
    }
    const winning = writeManifest(first, push('first', { signal: leaving.signal }))
    await sent.promise
    leaving.abort()
    const waiting = new AbortController()
    const gone = writeManifest(world.ports({ push: 'v1' }), push('gone', { signal: waiting.signal }))
    const late = writeManifest(world.ports({ push: 'v1' }), push('late')).catch(error => error.message)
    waiting.abort()
    await t.rejects(gone, { name: 'AbortError' })
    t.equal(world.log.filter(entry => entry.startsWith('send')).length, 0)
    answered.resolve()
    t.equal((await winning).status, 201)
    t.match(await late, /is immutable/)
    const left = { ...push('never'), signal: leaving.signal, reference: byTag('v2') }
    await t.rejects(writeManifest(world.ports({ push: 'v2' }), left), { name: 'AbortError' })
    t.equal(world.tags.has('v2'), false)
  },
)

const digest = (character: string) => `sha256:${character.repeat(64)}`
const image = (size: number, config = digest('c')) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 10 },
    layers: [{ mediaType: 'x', digest: digest('a'), size }],
  })

t.test('what a rule refuses is refused before anything is looked up about the tag', async t => {
  const world = createWorld({
    manifest_rules: [{ name: 'prod/*', tags: ['v*'], max_size: 1000, media_types: [IMAGE, INDEX] }],
  })
  const write = (body: string, changes: Partial<ManifestPush> = {}) =>
    writeManifest(world.ports({ push: 'v1' }), push(body, changes)).then(
      ({ status }) => status,
      error => error.message,
    )
  t.equal(await write(image(990)), 201)
  const refused = await write(image(991))
  t.equal(
    refused,
    'manifest_rules[0] refuses prod/api:v1: the manifest is 1001 bytes large, more than the 1000 allowed',
  )
  t.match(
    await write('{}', { mediaType: 'text/plain' }),
    /has the media type text\/plain, which is not allowed/,
  )
  t.match(await write('{}'), /the manifest has another schemaVersion/, 'garbage is told apart')
  t.strictSame(world.log, ['tag v1', 'send v1'])
  t.equal(await write('{}', { name: 'dev/api' }), 201, 'where no rule is, the registry judges')
  t.equal(await write(image(5000), { reference: byTag('latest') }), 201)
})

t.test('of an index each image is checked, and one that cannot be looked through is refused', async t => {
  const world = createWorld({
    manifest_rules: [{ name: 'prod/*', tags: ['*'], max_size: 1000, required_labels: ['vendor'] }],
  })
  const labelled = Buffer.from(JSON.stringify({ config: { Labels: { vendor: 'Acme' } } }))
  world.blobs.set(digest('c'), labelled)
  const store = (text: string, mediaType = IMAGE) => {
    world.manifests.set(digestOf(text), { bytes: Buffer.from(text), mediaType })
    return digestOf(text)
  }
  const index = (children: readonly string[], annotations = {}) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: children.map(child => {
        const mediaType = world.manifests.get(child)?.mediaType ?? IMAGE
        return { mediaType, digest: child, size: 1, annotations }
      }),
    })
  const write = (body: string) =>
    writeManifest(world.ports({ push: 'v1' }), push(body, { mediaType: INDEX })).then(
      () => 'pushed',
      error => error.message,
    )
  const small = store(image(1))
  const big = store(image(2000))
  const bare = store(image(2, digest('b')))
  const inner = store(index([small]), INDEX)
  const deeper = store(index([inner]), INDEX)
  const deepest = store(index([deeper]), INDEX)
  const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' }
  const cases: readonly (readonly [body: string, outcome: RegExp, why: string])[] = [
    [index([]), /^pushed$/, 'without images there is nothing to check'],
    [index([small, small]), /^pushed$/, 'the same image twice'],
    [index([small, big]), /holds sha256:[0-9a-f]{12}, which is 2010 bytes large/, 'one is too large'],
    [index([bare]), /which lacks the label vendor/, 'one has no labels'],
    [index([bare], attestation), /^pushed$/, 'attestations have none'],
    [index([big], attestation), /2010 bytes large/, 'but a size'],
    [index([inner]), /^pushed$/, 'an index of an index'],
    [index([deepest]), /nested too deep/, 'deeper'],
    [
      index([digest('f')]),
      /holds sha256:ffffffffffff, which is not in the repository/,
      'a child that is missing',
    ],
    [index([store('{}')]), /schemaVersion/, 'a child that is garbage'],
    [index(Array.from({ length: 101 }, (_, n) => store(image(n)))), /more than 100 manifests/, 'too many'],
  ]
  for (const [body, outcome, why] of cases) {
    world.tags.clear()
    t.match(await write(body), outcome, why)
  }
})

t.test('labels come from the configuration of the image, which is fetched only when a rule asks', async t => {
  const world = createWorld({ manifest_rules: [{ name: 'prod/*', required_labels: ['vendor=Acme'] }] })
  const write = (body: string, changes: Partial<ManifestPush> = {}) =>
    writeManifest(world.ports({ push: 'v1' }), push(body, changes)).then(
      () => 'pushed',
      error => error.message,
    )
  t.match(await write(image(1)), /lacks the label vendor/, 'no such blob')
  world.blobs.set(digest('c'), Buffer.from('{"config":{"Labels":{"vendor":"Other"}}}'))
  t.match(await write(image(1)), /other than Acme/)
  world.blobs.set(digest('c'), Buffer.from('{"config":{"Labels":{"vendor":"Acme"}}}'))
  t.equal(await write(image(1)), 'pushed')
  const chart = image(1).replace('oci.image.config', 'cncf.helm.config')
  t.match(await write(chart), /lacks the label vendor/, 'what is no image has no labels')
  world.log.length = 0
  const reference: Reference = { kind: 'digest', digest: digestOf(image(1)) }
  t.equal(await write(image(1), { reference }), 'pushed', 'a child of an index that comes later')
  t.strictSame(world.log, ['send v1'])
})
