import t from 'tap'
import { deleteManifest, type ManifestDeletion } from '../../src/http/manifest-delete.ts'
import { writeManifest } from '../../src/http/manifest-write.ts'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import type { TagListing } from '../../src/model/tagged-manifest.ts'
import { createWorld, digestOf, IMAGE, INDEX, type World } from './guard-world.ts'

const never = new AbortController().signal
const NAME = 'prod/api'
const A = digestOf('a')
const B = digestOf('b')

const deletion = (reference: ManifestDeletion['reference'], changes: Partial<ManifestDeletion> = {}) => ({
  name: NAME,
  reference,
  signal: never,
  concernsTags: true,
  ...changes,
})
const byDigest = (digest: string, changes: Partial<ManifestDeletion> = {}) =>
  deletion({ kind: 'digest', digest }, changes)
const byTag = (tag: string) => deletion({ kind: 'tag', tag })

function worldWith(tags: Readonly<Record<string, string>>): World {
  const world = createWorld({
    immutable_tags: [{ name: 'prod/*', tags: ['v*'] }],
    protected_tags: [{ name: 'prod/*', tags: ['stable', 'multi'] }],
  })
  for (const [tag, digest] of Object.entries(tags)) world.tags.set(tag, digest)
  return world
}

t.test('a digest goes only if each of its tags may go, and the audit line learns which went', async t => {
  const cases: readonly {
    readonly tags: Readonly<Record<string, string>>
    readonly denied?: string
    readonly message?: RegExp
    readonly rule?: string
    readonly removed?: readonly string[]
    readonly why: string
  }[] = [
    { tags: { v1: B, dev: A, other: A }, removed: ['dev', 'other'], why: 'no protected tag is on it' },
    { tags: { v1: B }, removed: [], why: 'no tag at all' },
    {
      tags: { dev: A, v1: A },
      message:
        /^sha256:[0-9a-f]{12} of prod\/api cannot be deleted \(immutable_tags\[0\]\), as the tag v1 would go$/,
      rule: 'immutable_tags[0]',
      why: 'an immutable tag',
    },
    {
      tags: { stable: A },
      message: /as the tag stable would go/,
      rule: 'protected_tags[0]',
      why: 'a protected one',
    },
    {
      tags: Object.fromEntries(['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7'].map(tag => [tag, A])),
      message: /as the tags v1, v2, v3, v4, v5 and more would go$/,
      rule: 'immutable_tags[0]',
      why: 'five are named',
    },
    {
      tags: { dev: A, team: A },
      denied: 'delete:team',
      message: /\(acl-delete\), as the tag team would go/,
      rule: 'acl-delete',
      why: 'the policy does not let the subject delete one of the tags',
    },
    {
      tags: { [`sha256-${'a'.repeat(64)}.sig`]: A },
      removed: [`sha256-${'a'.repeat(64)}.sig`],
      why: 'a signature',
    },
  ]
  for (const { tags, denied, message, rule, removed, why } of cases) {
    const world = worldWith(tags)
    if (denied !== undefined) world.denied.add(denied)
    const outcome = await deleteManifest(world.ports({}), byDigest(A)).catch(error => error)
    if (message === undefined) {
      t.equal(outcome.status, 202, why)
      t.strictSame(world.facts, removed?.length === 0 ? [] : [{ removedTags: removed }], why)
      continue
    }
    t.match(outcome, { status: 403, oci: 'DENIED', decision: { rule } }, why)
    t.match(outcome.message, message, why)
    t.ok(outcome.message.length <= 200)
    t.equal(outcome.detail, `${NAME}@${A}`)
    t.notOk(world.log.includes('send delete'), why)
    t.equal(world.locks.size(), 0)
  }
})

t.test('tags that the registry does not remove are not said to be removed', async t => {
  const world = worldWith({ dev: A })
  t.equal((await deleteManifest(world.ports({ answer: 404 }), byDigest(A))).status, 404)
  t.equal((await deleteManifest(world.ports({ answer: 405 }), byDigest(A))).status, 405, 'its words stay')
  t.strictSame(world.facts, [])
})

t.test('a child of the index behind a protected tag stays, of any other it goes', async t => {
  const indexOf = (child: string) =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [{ mediaType: IMAGE, digest: child }],
      }),
    )
  const world = worldWith({ dev: B })
  const index = indexOf(A)
  world.manifests.set(digestOf(index), { bytes: index, mediaType: INDEX })
  world.tags.set('multi', digestOf(index))
  await t.rejects(deleteManifest(world.ports({}), byDigest(A)), {
    status: 403,
    message: /cannot be deleted \(protected_tags\[0\]\), as it is part of multi$/,
  })
  t.equal((await deleteManifest(world.ports({}), byDigest(B))).status, 202)
  world.tags.delete('multi')
  world.tags.set('loose', digestOf(index))
  t.equal((await deleteManifest(world.ports({}), byDigest(A))).status, 202)
})

t.test(
  'where no rule tells tags apart they are looked at for the record, and nothing depends on them',
  async t => {
    const loose = (digest: string) => byDigest(digest, { name: 'dev/x', concernsTags: false })
    const world = worldWith({ dev: A, stable: A, other: B })
    world.denied.add('delete')
    t.equal((await deleteManifest(world.ports({}), loose(A))).status, 202)
    t.strictSame(world.log, ['list', 'send delete'])
    t.strictSame(world.facts, [{ removedTags: ['dev', 'stable'] }])
    const listings: readonly (readonly [why: string, listing: () => Promise<TagListing>])[] = [
      ['there are too many', async () => ({ outcome: 'too many', limit: 500 })],
      ['the registry cannot tell', () => Promise.reject(new UpstreamUnavailable('headers', 'x'))],
    ]
    for (const [why, taggedManifests] of listings) {
      const world = worldWith({ dev: A })
      const answer = await deleteManifest({ ...world.ports({}), taggedManifests }, loose(A))
      t.strictSame([answer.status, world.facts, world.debugged.length], [202, [], 1], why)
    }
  },
)

t.test('a registry that is slow to tell its tags does not hold a deletion up', async t => {
  const world = worldWith({ dev: A })
  const asked: (number | undefined)[] = []
  // The deadline alone would not keep the process alive.
  const alive = setTimeout(() => undefined, 60_000)
  t.teardown(() => clearTimeout(alive))
  const taggedManifests = (_name: string, _signal: AbortSignal, max?: number) => {
    asked.push(max)
    return new Promise<never>(() => undefined)
  }
  const ports = { ...world.ports({}), taggedManifests }
  const deletion = byDigest(A, { name: 'dev/x', concernsTags: false })
  t.equal((await deleteManifest(ports, deletion)).status, 202)
  t.match(world.debugged, [
    [/not known$/, { repository: 'dev/x', digest: A, error: { name: 'TimeoutError' } }],
  ])
  t.strictSame(asked, [500])
  const left = AbortSignal.abort()
  await t.rejects(deleteManifest(ports, { ...deletion, signal: left }), { name: 'AbortError' })
  t.strictSame(world.log, ['send delete'], 'a client that has left meanwhile deletes nothing')
  t.equal(world.locks.size(), 0)
})

t.test(
  'a repository with too many tags to look at, or that cannot be looked at, keeps its manifests',
  async t => {
    const world = worldWith({ dev: A })
    const tooMany = {
      ...world.ports({}),
      taggedManifests: async () => ({ outcome: 'too many', limit: 10_000 }) as const,
    }
    await t.rejects(deleteManifest(tooMany, byDigest(A)), {
      status: 403,
      message:
        /^prod\/api has more than 10000 tags, so it cannot be seen which of them the deletion would remove$/,
    })
    const down = {
      ...world.ports({}),
      taggedManifests: () => Promise.reject(new UpstreamUnavailable('headers', 'x')),
    }
    await t.rejects(deleteManifest(down, byDigest(A)), UpstreamUnavailable)
    t.notOk(world.log.includes('send delete'))
    t.equal(world.locks.size(), 0)
  },
)

t.test('a tag that is pushed while a deletion looks for tags waits, and finds the deletion done', async t => {
  const world = worldWith({})
  const looking = Promise.withResolvers<void>()
  const look = Promise.withResolvers<void>()
  const ports = world.ports({})
  const slow = {
    ...ports,
    taggedManifests: async (name: string, signal: AbortSignal) => {
      const listing = await ports.taggedManifests(name, signal)
      looking.resolve()
      await look.promise
      return listing
    },
  }
  const deleting = deleteManifest(slow, byDigest(A))
  await looking.promise
  const body = Buffer.from('a')
  const pushing = writeManifest(world.ports({ push: 'v1' }), {
    name: NAME,
    reference: { kind: 'tag', tag: 'v1' },
    mediaType: IMAGE,
    body,
    signal: never,
  })
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(world.log, ['list'], 'the push waits')
  look.resolve()
  await Promise.all([deleting, pushing])
  t.strictSame(world.log, ['list', 'send delete', 'tag v1', 'send v1'])
})

t.test('a tag goes unless it is immutable or protected', async t => {
  const world = worldWith({ v1: A, stable: A, dev: A })
  for (const [tag, rule] of [
    ['v1', 'immutable_tags[0]'],
    ['stable', 'protected_tags[0]'],
  ] as const) {
    await t.rejects(deleteManifest(world.ports({}), byTag(tag)), {
      status: 403,
      message: `tag ${tag} of prod/api is protected from deletion (${rule})`,
      decision: { rule },
    })
  }
  t.strictSame(world.log, [])
  t.equal((await deleteManifest(world.ports({}), byTag('dev'))).status, 202)
  t.strictSame(world.facts, [{ previousDigest: A }])
})

t.test(
  '405 says that registry 2.8 deletes no tag, which digest to delete and what else that removes',
  async t => {
    const short = A.slice(0, 19)
    const cases: readonly (readonly [
      tags: Readonly<Record<string, string>>,
      status: number,
      message: string,
    ])[] = [
      [{ dev: A }, 400, `registry 2.8 cannot delete a single tag; delete its digest ${short} instead`],
      [
        { dev: A, two: A, three: A, not: B },
        400,
        `registry 2.8 cannot delete a single tag; delete its digest ${short} instead, which also removes two, three`,
      ],
      [{ not: B }, 400, 'registry 2.8 cannot delete a single tag, and prod/api seems to have no such tag'],
      [{ dev: A }, 405, 'the registry does not delete: storage.delete.enabled is off there'],
    ]
    for (const [tags, answer, message] of cases) {
      const world = worldWith(tags)
      await t.rejects(deleteManifest(world.ports({ answer }), byTag('dev')), {
        status: 405,
        oci: 'UNSUPPORTED',
        message,
      })
    }
    const world = worldWith({ dev: A, two: A })
    const error = await deleteManifest(world.ports({ answer: 400 }), byTag('dev')).catch(error => error)
    t.equal(error.detail, `digest ${A}; tags dev, two`)
  },
)

t.test('a client that has left deletes nothing', async t => {
  const world = worldWith({ dev: A })
  const signal = AbortSignal.abort()
  await t.rejects(deleteManifest(world.ports({}), { ...byDigest(A), signal }), { name: 'AbortError' })
  await t.rejects(deleteManifest(world.ports({}), { ...byTag('dev'), signal }), { name: 'AbortError' })
  t.notOk(world.log.includes('send delete'))
})
