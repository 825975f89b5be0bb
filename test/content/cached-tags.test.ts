import t from 'tap'
import {
  config,
  DOCKER_TYPE,
  dockerManifest,
  INDEX_TYPE,
  index,
  layer,
  MANIFEST_TYPE,
  manifest,
  other,
  otherManifest,
} from '../e2e/parity-content.ts'
import {
  auditLines,
  type CachedRegistry,
  plain,
  putBlob,
  putManifest,
  startCachedRegistry,
} from './cached-registry.ts'

const LIST_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json'
const ALL = `${LIST_TYPE}, ${DOCKER_TYPE}, ${INDEX_TYPE}, ${MANIFEST_TYPE}`
/** A list of two platforms, of which the registry gives the first to clients that know no lists. */
const list = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: LIST_TYPE,
    manifests: [
      {
        mediaType: DOCKER_TYPE,
        digest: 'sha256:dockerManifest',
        size: dockerManifest.length,
        platform: { os: 'linux', architecture: 'amd64' },
      },
    ],
  }),
)

const { ask, askRegistry, counts, landwaiter } = await startCachedRegistry(t, { tag_ttl: '1m' })

async function publish(by: CachedRegistry['ask'], repository: string): Promise<void> {
  for (const blob of [config, layer, other]) await putBlob(by, repository, blob)
  const docker = await putManifest(by, { repository, reference: 'docker', type: DOCKER_TYPE }, dockerManifest)
  await putManifest(by, { repository, reference: 'image', type: MANIFEST_TYPE }, manifest)
  await putManifest(by, { repository, reference: 'index', type: INDEX_TYPE }, index)
  const body = Buffer.from(list.toString().replace('sha256:dockerManifest', docker))
  await putManifest(by, { repository, reference: 'list', type: LIST_TYPE }, body)
}

const ACCEPTS = [undefined, '*/*', MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE, LIST_TYPE, ALL]

t.test('whatever a client accepts, a tag is answered from memory as by the registry', async t => {
  await publish(askRegistry, 'tags/app')
  const calls = ['docker', 'image', 'index', 'list'].flatMap(tag =>
    ['GET', 'HEAD'].map(method => `${method} /v2/tags/app/manifests/${tag}`),
  )
  const rows = calls.flatMap(call => ACCEPTS.map(accept => ({ call, accept })))
  for (const { call, accept } of [...rows, ...rows]) {
    const headers: Record<string, string> = accept === undefined ? {} : { accept }
    const what = `${call} with Accept: ${accept ?? 'none'}`
    const [warm, straight] = [await ask(call, { headers }), await askRegistry(call, { headers })]
    // What is converted for old clients is signed anew each time.
    if (String(straight.headers['content-type']).includes('prettyjws')) t.equal(warm.status, 200, what)
    else t.strictSame(plain(warm), plain(straight), what)
  }
  const { hit } = await counts('tags')
  t.ok(hit >= 16, `${hit} hits`)
})

t.test('a 304 by tag and its audit line are the same cold and warm', async t => {
  await publish(askRegistry, 'known/app')
  const { headers } = await askRegistry('HEAD /v2/known/app/manifests/image', {
    headers: { accept: MANIFEST_TYPE },
  })
  const call = 'GET /v2/known/app/manifests/image'
  const known = { accept: MANIFEST_TYPE, 'if-none-match': String(headers['etag']) }
  const cold = await ask(call, { headers: known })
  await ask(call, { headers: { accept: MANIFEST_TYPE } })
  const warm = await ask(call, { headers: known })
  t.equal(cold.status, 304)
  t.strictSame(plain(warm), plain({ ...cold, headers: { ...cold.headers, etag: headers['etag'] } }))
  const [first, , last] = await auditLines(landwaiter, 'known/app', 3)
  t.strictSame(last, first)
})

t.test('a pushed tag is seen at once, and its deletion too', async t => {
  const repository = 'moved/app'
  await publish(ask, repository)
  const headers = { accept: ALL }
  const look = async (tag: string) => {
    const [get, head] = [
      await ask(`GET /v2/${repository}/manifests/${tag}`, { headers }),
      await ask(`HEAD /v2/${repository}/manifests/${tag}`, { headers }),
    ]
    t.equal(head.headers['docker-content-digest'], get.headers['docker-content-digest'])
    return get.status === 200 ? get.body : get.status
  }
  for (let round = 0; round < 3; round++) {
    for (const [bytes, what] of [
      [otherManifest, 'the other'],
      [manifest, 'the first'],
    ] as const) {
      await putManifest(ask, { repository, reference: 'image', type: MANIFEST_TYPE }, bytes)
      t.strictSame(await look('image'), bytes, `${what}, cold`)
      t.strictSame(await look('image'), bytes, `${what}, warm`)
    }
  }
  const digest = await putManifest(ask, { repository, reference: 'image', type: MANIFEST_TYPE }, manifest)
  t.strictSame(await look('image'), manifest)
  t.equal((await ask(`DELETE /v2/${repository}/manifests/${digest}`)).status, 202)
  t.equal(await look('image'), 404)
  t.equal(await look(digest), 404)
  t.not(await look('index'), 404)
})

t.test('tags are not kept unless asked for', async t => {
  const plainly = await startCachedRegistry(t, {})
  await publish(plainly.askRegistry, 'fresh/app')
  const headers = { accept: ALL }
  const get = () => plainly.ask('GET /v2/fresh/app/manifests/image', { headers })
  t.strictSame((await get()).body, manifest)
  const place = { repository: 'fresh/app', reference: 'image', type: MANIFEST_TYPE }
  await putManifest(plainly.askRegistry, place, otherManifest)
  t.strictSame((await get()).body, otherManifest, 'pushed behind our back')
})
