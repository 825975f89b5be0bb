import t from 'tap'
import { config, layer } from '../e2e/parity-content.ts'
import { auditLines, plain, putBlob, startCachedRegistry } from './cached-registry.ts'

const { ask, askRegistry, counts, landwaiter } = await startCachedRegistry(t, {})

t.test('a small blob and its head come from memory as from the registry', async t => {
  const digest = await putBlob(askRegistry, 'small/app', config)
  const path = `/v2/small/app/blobs/${digest}`
  const etag = `"${digest}"`
  const rows: readonly Record<string, string>[] = [
    {},
    { accept: 'text/html' },
    { 'accept-encoding': 'gzip' },
    { 'if-none-match': etag },
    { 'if-none-match': `W/${etag}` },
    { 'if-none-match': `"other", ${etag}` },
    { 'if-none-match': '*' },
    { 'if-none-match': digest },
    { 'if-none-match': '"other"' },
    { range: 'bytes=2-5' },
    { range: 'bytes=-3' },
    { range: 'bytes=2-5', 'if-range': etag },
    { range: 'bytes=2-5', 'if-range': '"other"' },
    { 'if-match': etag },
  ]
  for (const method of ['GET', 'HEAD']) {
    await ask(`${method} ${path}`)
    for (const headers of rows) {
      const [warm, straight] = [
        await ask(`${method} ${path}`, { headers }),
        await askRegistry(`${method} ${path}`, { headers }),
      ]
      t.strictSame(plain(warm), plain(straight), `${method} ${JSON.stringify(headers)}`)
    }
  }
  t.ok((await counts('blobs')).hit >= 16)
})

t.test('audit lines of blobs are the same cold and warm', async t => {
  const digest = await putBlob(askRegistry, 'audited/blob', config)
  for (let i = 0; i < 2; i++) {
    await ask(`GET /v2/audited/blob/blobs/${digest}`)
    await ask(`HEAD /v2/audited/blob/blobs/${digest}`)
  }
  const lines = await auditLines(landwaiter, 'audited/blob', 2)
  t.strictSame(lines[1], lines[0])
})

t.test('a blob that is not there is asked for each time', async t => {
  const path = `/v2/pushed/app/blobs/`
  const digest = await putBlob(askRegistry, 'elsewhere/app', layer)
  t.equal((await ask(`HEAD ${path}${digest}`)).status, 404)
  t.equal((await ask(`GET ${path}${digest}`)).status, 404)
  await putBlob(ask, 'pushed/app', layer)
  t.equal((await ask(`HEAD ${path}${digest}`)).status, 200)
  t.strictSame((await ask(`GET ${path}${digest}`)).body, layer)
  t.equal((await ask(`GET /v2/third/app/blobs/${digest}`)).status, 404, 'in another repository')
})

t.test('a deleted blob is gone at once, for those who would skip its upload too', async t => {
  const digest = await putBlob(ask, 'deleted/blob', config)
  const path = `/v2/deleted/blob/blobs/${digest}`
  for (let i = 0; i < 2; i++) {
    t.equal((await ask(`HEAD ${path}`)).status, 200)
    t.equal((await ask(`GET ${path}`)).status, 200)
  }
  t.equal((await ask(`DELETE ${path}`)).status, 202)
  t.equal((await ask(`HEAD ${path}`)).status, 404)
  t.equal((await ask(`GET ${path}`)).status, 404)
})

t.test('a blob above 64 KiB is not kept', async t => {
  const large = Buffer.alloc(64 * 1024 + 1, 'x')
  const digest = await putBlob(askRegistry, 'large/app', large)
  const before = await counts('blobs')
  for (let i = 0; i < 2; i++) t.strictSame((await ask(`GET /v2/large/app/blobs/${digest}`)).body, large)
  t.strictSame(await counts('blobs'), { hit: before.hit, miss: before.miss + 2 })
})

t.test('with the caches off every request reaches the registry', async t => {
  const off = await startCachedRegistry(t, 'off')
  const digest = await putBlob(off.askRegistry, 'off/app', config)
  for (let i = 0; i < 2; i++) t.equal((await off.ask(`HEAD /v2/off/app/blobs/${digest}`)).status, 200)
  t.equal((await off.askRegistry(`DELETE /v2/off/app/blobs/${digest}`)).status, 202)
  t.equal((await off.ask(`HEAD /v2/off/app/blobs/${digest}`)).status, 404)
  t.strictSame(await off.counts('blobs'), { hit: 0, miss: 0 })
})
