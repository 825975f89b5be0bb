import t from 'tap'
import { request } from 'undici'
import {
  config,
  DOCKER_TYPE,
  dockerManifest,
  INDEX_TYPE,
  index,
  layer,
  MANIFEST_TYPE,
  manifest,
} from '../e2e/parity-content.ts'
import {
  type Answer,
  auditLines,
  plain,
  putBlob,
  putManifest,
  startCachedRegistry,
} from './cached-registry.ts'

const LIST_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json'

const { ask, askRegistry, counts, landwaiter } = await startCachedRegistry(t, {})

async function publish(repository: string): Promise<Record<string, string>> {
  for (const blob of [config, layer]) await putBlob(askRegistry, repository, blob)
  const image = await putManifest(askRegistry, { repository, type: MANIFEST_TYPE }, manifest)
  return {
    image,
    docker: await putManifest(askRegistry, { repository, type: DOCKER_TYPE }, dockerManifest),
    index: await putManifest(askRegistry, { repository, type: INDEX_TYPE }, index),
  }
}

const ACCEPTS: readonly (string | undefined)[] = [
  undefined,
  '',
  '*/*',
  'application/*',
  MANIFEST_TYPE,
  INDEX_TYPE,
  DOCKER_TYPE,
  `${LIST_TYPE}, ${DOCKER_TYPE}, ${INDEX_TYPE}, ${MANIFEST_TYPE}`,
  `${DOCKER_TYPE},${INDEX_TYPE},${MANIFEST_TYPE}`,
  `text/html;q=0.9,${MANIFEST_TYPE};q=0.5 , ${INDEX_TYPE} ;q=1.0,${DOCKER_TYPE}; q=0`,
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => type.toUpperCase()).join(),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => `${type};charset=utf-8`).join(),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => `${type};;bad`).join(),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => `x${type}`).join(),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => `${type}x`).join(),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].join(' '),
  [MANIFEST_TYPE, INDEX_TYPE, DOCKER_TYPE].map(type => `text/plain;a="b,${type}"`).join(),
]

t.test('hit and miss are answered as the registry does, whatever Accept says', async t => {
  const digests = await publish('accepts/app')
  for (const [kind, digest] of Object.entries(digests)) {
    const path = `/v2/accepts/app/manifests/${digest}`
    const type = { image: MANIFEST_TYPE, docker: DOCKER_TYPE, index: INDEX_TYPE }[kind] ?? ''
    await ask(`GET ${path}`, { headers: { accept: type } })
    for (const method of ['GET', 'HEAD']) {
      for (const accept of ACCEPTS) {
        const headers: Record<string, string> = accept === undefined ? {} : { accept }
        const warm = await ask(`${method} ${path}`, { headers })
        const straight = await askRegistry(`${method} ${path}`, { headers })
        const what = `${method} ${kind} with Accept: ${accept ?? 'none'}`
        t.strictSame(plain(warm), plain(straight), what)
      }
    }
  }
  const { hit } = await counts('manifests')
  t.ok(hit >= 3 * 2 * 3, `${hit} hits`)
})

t.test('an answer from memory has every header of the one before, with a date of its own', async t => {
  const { image } = await publish('headers/app')
  const path = `/v2/headers/app/manifests/${image}`
  const headers = { accept: MANIFEST_TYPE }
  const before = await counts('manifests')
  const cold = await ask(`GET ${path}`, { headers })
  const warm = await ask(`GET ${path}`, { headers })
  const warmHead = await ask(`HEAD ${path}`, { headers })
  t.strictSame(await counts('manifests'), { hit: before.hit + 2, miss: before.miss + 1 })
  t.strictSame(plain(warm), plain(cold))
  t.strictSame(warm.body, manifest)
  t.strictSame(plain(warmHead), plain({ ...cold, body: Buffer.alloc(0) }))
  t.not(warm.headers['x-request-id'], cold.headers['x-request-id'])
  const { body } = await request(`${landwaiter.adminUrl}/metrics`)
  const metrics = await body.text()
  t.match(metrics, /^landwaiter_cache_entries\{cache="manifests"\} [1-9]/m)
  t.match(metrics, /^landwaiter_cache_bytes\{cache="manifests"\} [1-9]\d{3}/m)
})

t.test('a matching If-None-Match gets a 304 with its entity tag', async t => {
  const { image } = await publish('conditional/app')
  const path = `/v2/conditional/app/manifests/${image}`
  const get = (etag: string, method = 'GET'): Promise<Answer> =>
    ask(`${method} ${path}`, { headers: { accept: MANIFEST_TYPE, 'if-none-match': etag } })
  const cold = await get(`"${image}"`)
  t.equal(cold.status, 304)
  await ask(`GET ${path}`, { headers: { accept: MANIFEST_TYPE } })
  for (const etag of [`"${image}"`, `${image}`, `W/"${image}"`, `"other", "${image}"`, '*']) {
    for (const method of ['GET', 'HEAD']) {
      const warm = await get(etag, method)
      t.strictSame(
        plain(warm),
        plain({ ...cold, headers: { ...cold.headers, etag: `"${image}"` } }),
        `${method} ${etag}`,
      )
    }
  }
  for (const etag of ['"other"', 'W/"sha256:0"', '', '"*"']) {
    t.match(await get(etag), { status: 200, body: manifest }, `other: ${etag}`)
  }
})

t.test('audit lines are the same cold and warm', async t => {
  const { image } = await publish('audited/app')
  const path = `/v2/audited/app/manifests/${image}`
  for (const headers of [{}, { 'if-none-match': `"${image}"` }] as Record<string, string>[]) {
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
      await ask(`${method} ${path}`, { headers: { accept: MANIFEST_TYPE, ...headers } })
    }
  }
  const lines = await auditLines(landwaiter, 'audited/app', 8)
  t.strictSame(lines.slice(2, 4), lines.slice(0, 2))
  t.strictSame(lines.slice(6, 8), lines.slice(4, 6))
  t.match(lines[1], { action: 'pull', outcome: 'success', digest: image, bytes_out: manifest.length })
})

t.test('what one repository has says nothing about another', async t => {
  const { image } = await publish('theirs/app')
  const headers = { accept: MANIFEST_TYPE }
  for (let i = 0; i < 2; i++) {
    t.equal((await ask(`GET /v2/theirs/app/manifests/${image}`, { headers })).status, 200)
    t.equal((await ask(`GET /v2/mine/app/manifests/${image}`, { headers })).status, 404)
  }
})

t.test('a hit is authorized as a miss is', async t => {
  const { image } = await publish('closed/app')
  const path = `/v2/closed/app/manifests/${image}`
  const headers = { accept: MANIFEST_TYPE }
  await ask(`GET ${path}`, { headers })
  t.equal((await landwaiter.request(path, { headers })).status, 401)
})

t.test('a deleted manifest is gone at once', async t => {
  const { image } = await publish('deleted/app')
  const path = `/v2/deleted/app/manifests/${image}`
  const headers = { accept: MANIFEST_TYPE }
  t.equal((await ask(`GET ${path}`, { headers })).status, 200)
  t.equal((await ask(`GET ${path}`, { headers })).status, 200)
  t.equal((await ask(`DELETE ${path}`)).status, 202)
  t.equal((await ask(`GET ${path}`, { headers })).status, 404)
  t.equal((await ask(`HEAD ${path}`, { headers })).status, 404)
  await putManifest(ask, { repository: 'deleted/app', type: MANIFEST_TYPE }, manifest)
  t.equal((await ask(`GET ${path}`, { headers })).status, 200, 'pushed again')
  t.equal((await ask(`HEAD ${path}`, { headers })).status, 200)
})

t.test('a reload forgets what may have gone behind our back', async t => {
  const { image } = await publish('collected/app')
  const path = `/v2/collected/app/manifests/${image}`
  const headers = { accept: MANIFEST_TYPE }
  await ask(`GET ${path}`, { headers })
  t.equal((await askRegistry(`DELETE ${path}`)).status, 202)
  t.equal((await ask(`GET ${path}`, { headers })).status, 200, 'believed for a while')
  await landwaiter.app.reload()
  t.equal((await ask(`GET ${path}`, { headers })).status, 404)
})
