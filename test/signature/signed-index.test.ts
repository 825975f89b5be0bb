import t from 'tap'
import { createSignatureCheck } from '../../src/signature/signature-check.ts'
import { alice, createStage, MINUTE_MS, mallory, NAME, signedBy } from './check-stage.ts'
import { memoryContent, recorded } from './recorded-content.ts'
import { imageIndex, imageManifest, payloadFor, sha256 } from './self-signed.ts'

t.test('a manifest of a signed index is signed, once the index was asked for', async t => {
  const [one, two, stray] = [imageManifest('one'), imageManifest('two'), imageManifest('stray')]
  const inner = imageIndex([two.digest])
  const index = imageIndex([one.digest, inner.digest])
  const signed = signedBy(index.digest)
  const { stage, contents, check, outcome } = createStage({
    ...signed,
    ...Object.fromEntries(
      [one, two, stray, inner, index].map(({ text, digest }) => [`${NAME} manifest ${digest}`, text]),
    ),
  })
  t.equal(await outcome(one.digest), 'unsigned', 'before')
  t.equal(await outcome(index.digest), 'signed')
  stage.now += 3_000
  const key = alice.keys.keys[0]?.fingerprint
  t.strictSame(await check({ name: NAME, digest: one.digest, keys: alice.keys }), {
    outcome: 'signed',
    key,
    index: index.digest,
  })
  t.equal(await outcome(inner.digest), 'signed', 'an index in the index')
  t.equal(await outcome(two.digest), 'signed', 'and what is in that')
  t.equal(await outcome(stray.digest), 'unsigned', 'no other manifest')
  t.equal(await outcome(one.digest, mallory.keys), 'unsigned', 'not for other keys')
  t.equal(await outcome(one.digest, alice.keys, 'prod/other'), 'unsigned', 'not in another repository')

  stage.now += 9 * MINUTE_MS
  t.equal(await outcome(two.digest), 'signed')
  for (const entry of Object.keys(signed)) contents.delete(entry)
  stage.now += MINUTE_MS
  for (const { digest } of [one, two, inner, index]) {
    t.equal(await outcome(digest), 'unsigned', 'not longer than the index')
  }
})

t.test('a manifest of an unsigned index is unsigned, though the index was asked for', async t => {
  const child = imageManifest('child')
  const index = imageIndex([child.digest])
  const { outcome } = createStage({
    [`${NAME} manifest ${index.digest}`]: index.text,
    [`${NAME} manifest ${child.digest}`]: child.text,
  })
  t.equal(await outcome(index.digest), 'unsigned')
  t.equal(await outcome(child.digest), 'unsigned')
})

t.test('cannot tell when the registry gives other bytes than those of the digest', async t => {
  const child = imageManifest('child')
  const index = imageIndex([])
  const { outcome } = createStage({
    ...signedBy(index.digest),
    [`${NAME} manifest ${index.digest}`]: imageIndex([child.digest]).text,
  })
  t.equal(await outcome(index.digest), 'unknown')
})

t.test('exempts what cosign pushes beside images', async t => {
  const { fetch } = memoryContent()
  const check = createSignatureCheck({ fetch, clock: () => 0 })
  const images = new Set(Object.values(recorded.images))
  let exempt = 0
  for (const [entry, text] of Object.entries(recorded.contents)) {
    const [name = '', kind] = entry.split(' ')
    if (kind !== 'manifest' || images.has(sha256(text))) continue
    const finding = await check({ name, digest: sha256(text), keys: alice.keys })
    t.equal(finding.outcome, 'exempt', entry)
    exempt += 1
  }
  t.ok(exempt > 10)
})

t.test('does not exempt an image that calls itself a signature', async t => {
  const entries = signedBy(imageManifest('api').digest)
  const [, manifest = ''] = Object.entries(entries).find(([key]) => key.endsWith('.sig')) ?? []
  const payload = payloadFor(imageManifest('api').digest)
  const layers = [
    ['a tar archive whose first file is called {', `{${'\0'.repeat(511)}`],
    ['an archive', '\u001f\u008b'],
    ['a list', '[]'],
  ] as const
  for (const [why, blob] of layers) {
    const { outcome } = createStage({
      [`${NAME} manifest ${sha256(manifest)}`]: manifest,
      [`${NAME} blob ${sha256(payload)}`]: blob,
    })
    t.equal(await outcome(sha256(manifest)), 'unsigned', why)
  }
  const { outcome } = createStage({ [`${NAME} manifest ${sha256(manifest)}`]: manifest })
  t.equal(await outcome(sha256(manifest)), 'unsigned', 'a blob that is not there, or too large to look at')
})
