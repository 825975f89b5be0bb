import t from 'tap'
import { createSignatureCheck } from '../../src/signature/signature-check.ts'
import { alice, createStage, MINUTE_MS, mallory, NAME, signedBy } from './check-stage.ts'
import { imageDigest, keySet, memoryContent } from './recorded-content.ts'
import { imageManifest, payloadFor, signatureEntries, signText } from './self-signed.ts'

t.test('signed is what the real cosign signed with a trusted key', async t => {
  const cases = [
    ['tag', 'p256', 'cosign 2, tag'],
    ['referrers', 'p256', 'cosign 2, OCI referrers'],
    ['bundle', 'p256', 'cosign 3'],
    ['annotated', 'p256', 'cosign 3 with annotations'],
    ['tag-p384', 'p384', 'cosign 2 on P-384: SHA-256'],
    ['bundle-p384', 'p384', 'cosign 3 on P-384: SHA-384'],
    ['tag-rsa', 'rsa', 'cosign 2 with RSA'],
    ['bundle-rsa', 'rsa', 'cosign 3 with RSA'],
    ['tag-ed25519', 'ed25519', 'cosign 2 with Ed25519'],
    ['both', 'ed25519', 'both, the tag by this key'],
    ['both', 'p384', 'both, the bundle by this key'],
  ] as const
  for (const [image, key, why] of cases) {
    const { fetch } = memoryContent()
    const check = createSignatureCheck({ fetch, clock: () => 0 })
    const ask = { name: `signed/${image}`, digest: imageDigest(image) }
    const [trusted] = keySet(key).keys
    t.strictSame(
      await check({ ...ask, keys: keySet(key) }),
      { outcome: 'signed', key: trusted?.fingerprint },
      why,
    )
    t.equal((await check({ ...ask, keys: alice.keys })).outcome, 'unsigned', `${why}: another key`)
  }
})

t.test('unsigned is what cosign attested, and what cosign itself cannot verify', async t => {
  const { fetch } = memoryContent()
  const check = createSignatureCheck({ fetch, clock: () => 0 })
  for (const [image, key] of [
    ['attested', 'p256'],
    ['bundle-ed25519', 'ed25519'],
  ] as const) {
    const finding = await check({ name: `signed/${image}`, digest: imageDigest(image), keys: keySet(key) })
    t.strictSame(finding, { outcome: 'unsigned', reason: 'no signature by a trusted key was found' }, image)
  }
})

t.test('unsigned is a signature that is for another digest, damaged, or in no form of cosign', async t => {
  const { digest, text } = imageManifest('api')
  const other = imageManifest('other').digest
  const payload = payloadFor(digest)
  const good = signText(alice, payload)
  const wrap = (change: (payload: string) => string) => {
    const changed = change(payload)
    return { payload: changed, signature: signText(alice, changed) }
  }
  const cases = [
    ['by another key', { payload, signature: signText(mallory, payload) }],
    [
      'of another digest, moved here',
      { payload: payloadFor(other), signature: signText(alice, payloadFor(other)) },
    ],
    ['of another payload', { payload: payloadFor(digest), signature: signText(alice, payloadFor(other)) }],
    ['not base64', { payload, signature: `${good.slice(0, -2)}!!` }],
    ['empty', { payload, signature: '' }],
    ['cut', { payload, signature: Buffer.from(good, 'base64').subarray(0, -3).toString('base64') }],
    ['text of another type', wrap(text => text.replace('cosign container image', 'atomic container'))],
    ['with an unknown critical member', wrap(text => text.replace('"type"', '"until":"2020","type"'))],
    ['no JSON', wrap(text => `${text}}`)],
    ['of a digest in capitals', wrap(text => text.replace(digest, digest.toUpperCase()))],
  ] as const
  for (const [why, layer] of cases) {
    const { outcome } = createStage({
      [`${NAME} manifest ${digest}`]: text,
      ...signatureEntries(NAME, digest, [layer]),
    })
    t.equal(await outcome(digest), 'unsigned', why)
  }
  const { outcome } = createStage(
    signatureEntries(NAME, digest, [...cases.map(([, layer]) => layer), { payload, signature: good }]),
  )
  t.equal(await outcome(digest), 'signed', 'a good one behind all of these')
})

t.test('unsigned is a good signature behind too many bad ones', async t => {
  const { digest } = imageManifest('api')
  const payload = payloadFor(digest)
  const bad = Array.from({ length: 64 }, () => ({ payload, signature: signText(mallory, payload) }))
  const good = { payload, signature: signText(alice, payload) }
  t.equal(await createStage(signatureEntries(NAME, digest, [...bad, good])).outcome(digest), 'unsigned')
  t.equal(
    await createStage(signatureEntries(NAME, digest, [...bad.slice(1), good])).outcome(digest),
    'signed',
  )
})

t.test('a signature counts in its own repository only', async t => {
  const { digest } = imageManifest('api')
  const { outcome } = createStage(signedBy(digest, alice, 'prod/api'))
  t.equal(await outcome(digest, alice.keys, 'prod/api'), 'signed')
  t.equal(await outcome(digest, alice.keys, 'prod/other'), 'unsigned')
})

t.test('signed is believed for ten minutes, unsigned for three seconds, both per set of keys', async t => {
  const { digest } = imageManifest('api')
  const { stage, contents, outcome } = createStage()
  t.equal(await outcome(digest), 'unsigned')
  for (const [key, text] of Object.entries(signedBy(digest))) contents.set(key, text)
  stage.now += 2_999
  t.equal(await outcome(digest), 'unsigned', 'still remembered')
  stage.now += 1
  t.equal(await outcome(digest), 'signed', 'asked again')
  t.equal(await outcome(digest, mallory.keys), 'unsigned', 'other keys have their own answer')
  contents.clear()
  const { asked } = stage
  stage.now += 10 * MINUTE_MS - 1
  t.equal(await outcome(digest), 'signed', 'remembered without asking')
  t.equal(stage.asked, asked)
  stage.now += 1
  t.equal(await outcome(digest), 'unsigned', 'the signature that was taken away no longer counts')
})

t.test('cannot tell while the registry cannot be asked, and remembers nothing of it', async t => {
  const { digest } = imageManifest('api')
  const { stage, check, outcome } = createStage(signedBy(digest))
  stage.fault = new Error('connection refused')
  t.match(await check({ name: NAME, digest, keys: alice.keys }), { outcome: 'unknown', cause: stage.fault })
  stage.fault = undefined
  t.equal(await outcome(digest), 'signed')
})

t.test('cannot tell when the registry answers too slowly', async t => {
  const { digest } = imageManifest('api')
  let now = 0
  const { fetch } = memoryContent(signedBy(digest))
  const check = createSignatureCheck({
    clock: () => now,
    fetch: ask => {
      now += 6_000
      return fetch(ask)
    },
  })
  t.equal((await check({ name: NAME, digest, keys: alice.keys })).outcome, 'unknown')
})

t.test('asks once for callers that come at the same time', async t => {
  const { digest } = imageManifest('api')
  const { stage, outcome } = createStage(signedBy(digest))
  await outcome(digest)
  const once = stage.asked
  const second = createStage(signedBy(digest))
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => second.outcome(digest)))
  t.strictSame(new Set(outcomes), new Set(['signed']))
  t.equal(second.stage.asked, once)
})
