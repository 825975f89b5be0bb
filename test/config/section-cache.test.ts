import t from 'tap'
import { loadText, MINIMUM, report } from './load-text.ts'

const MIB = 1024 * 1024

async function cache(text: string): Promise<unknown> {
  return (await loadText(MINIMUM + text)).config.cache
}

t.test('reads the bounds of the caches', async t => {
  t.strictSame(await cache('cache: {manifests: 1GiB, blobs: 2MiB, existence_ttl: 10s, tag_ttl: 5s}'), {
    manifests: 1024 * MIB,
    blobs: 2 * MIB,
    existence_ttl_ms: 10_000,
    tag_ttl_ms: 5_000,
  })
  t.match(await cache('cache: {manifests: off, blobs: 0}'), { manifests: 0, blobs: 0 })
  t.match(await cache('cache: {manifests: false, blobs: "off"}'), { manifests: 0, blobs: 0 })
})

t.test('one word turns everything off', async t => {
  for (const word of ['off', 'false', '"off"']) {
    t.strictSame(
      await cache(`cache: ${word}`),
      { manifests: 0, blobs: 0, existence_ttl_ms: 0, tag_ttl_ms: 0 },
      word,
    )
  }
})

t.test('keeps tags unless told only for a registry that we run', async t => {
  t.match(await cache('registry: {run: true}'), { tag_ttl_ms: 2_000 })
  t.match(await cache('registry: {run: true}\ncache: {tag_ttl: 0s}'), { tag_ttl_ms: 0 })
  t.match(await cache('registry: {run: false}'), { tag_ttl_ms: 0 })
  t.match(await cache('registry: {upstream: "http://r:5000"}'), { tag_ttl_ms: 0 })
})

t.test('refuses what would be believed too long, and what is no size', async t => {
  t.match(await report(`${MINIMUM}cache: {tag_ttl: 2m}`), [/cache\.tag_ttl: must be 1m or less/])
  t.match(await report(`${MINIMUM}cache: {existence_ttl: 1h}`), [/cache\.existence_ttl: must be 1m or less/])
  for (const text of [
    'cache: {manifests: lots}',
    'cache: {blobs: [1]}',
    'cache: many',
    'cache: {disc: 1GiB}',
  ])
    t.match(await report(MINIMUM + text), [/cache/], text)
})
