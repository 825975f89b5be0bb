import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest-types.ts'
import { createKeySet } from '../../src/signature/key-set.ts'
import { createRequireSignature } from '../../src/signature/require-signature.ts'
import { createSignatureCheck } from '../../src/signature/signature-check.ts'
import { createSmallFetch } from '../../src/upstream/fetch-small.ts'
import { createRegistryContent } from '../../src/upstream/registry-content.ts'
import { createCosign, findCosign } from '../support/cosign.ts'
import { writeOciImage, writeOciIndex } from '../support/oci-image.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { startGateway } from './gateway.ts'
import { keysOf } from './recorded-content.ts'

const cosign3 = process.env['LANDWAITER_COSIGN3']

/** A registry, two ways to it (of a developer and of the signer), and the clients. */
async function setStage(t: Test, cosignPath: string) {
  const registry = await startRealRegistry(t)
  const address = new URL(registry.upstream)
  const small = createSmallFetch({ kind: 'tcp', host: address.hostname, port: Number(address.port) })
  t.teardown(() => small.close())
  const cosign = await createCosign(t, cosignPath)
  for (const name of ['trusted', 'stranger']) ok(t, await cosign.generateKeyPair(name), `a key pair ${name}`)
  const clock = { now: 0 }
  const ignore = () => undefined
  const common = {
    name: 'prod/*',
    signers: ['ci'],
    keys: createKeySet(keysOf(readFileSync(join(cosign.dir, 'trusted.pub'), 'utf8'))),
  }
  const requireSignature = createRequireSignature({
    rules: [
      { ...common, mode: 'enforce' },
      { ...common, name: 'stage/*', mode: 'warn' },
    ],
    check: createSignatureCheck({
      fetch: createRegistryContent({ get: small.get, authorization: async () => undefined }),
      clock: () => clock.now,
    }),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  const { upstream } = registry
  const dev = await startGateway(t, { upstream, account: 'dev', requireSignature })
  const ci = await startGateway(t, { upstream, account: 'ci', requireSignature })
  const layout = tempDir(t)
  const skopeo = createSkopeo(t, { kind: 'plain-http' })
  const ask = async (host: string, path: string, method: 'GET' | 'HEAD' = 'GET') => {
    const { statusCode, headers, body } = await request(`http://${host}/v2/${path}`, {
      method,
      headers: { accept: MANIFEST_ACCEPT },
    })
    return { status: statusCode, headers, text: await body.text() }
  }
  return { registry, cosign, clock, dev, ci, layout, skopeo, ask }
}

function ok(t: Test, { code, stderr, stdout }: CommandResult, what: string): void {
  t.equal(code, 0, what, { diagnostic: code !== 0, stderr, stdout })
}

async function signedOnly(t: Test, path: string): Promise<void> {
  const { cosign, clock, dev, ci, layout, skopeo, ask } = await setStage(t, path)
  const push = async (image: { readonly ref: string }, name: string, all = false) =>
    ok(t, await skopeo.push(image.ref, `${ci}/${name}`, { all }), `push of ${name}`)
  const pull = (name: string) => skopeo.pull(`${dev}/${name}`, `oci:${tempDir(t)}:x`)
  // Without the rule, whose quotes the client escapes.
  const refused = (digest: string, ref: string) => `${ref} (${digest}) is not signed by a trusted key; rule`

  await t.test('an unsigned image is refused, with a reason', async t => {
    const image = writeOciImage(layout, { tag: 'unsigned', layerBytes: 100 })
    await push(image, 'prod/unsigned:v1')
    const { digest } = image.manifest
    const result = await pull('prod/unsigned:v1')
    t.not(result.code, 0)
    t.match(result.stderr, refused(digest, 'prod/unsigned:v1'))
    for (const reference of ['v1', digest]) {
      for (const method of ['GET', 'HEAD'] as const) {
        t.equal(
          (await ask(dev, `prod/unsigned/manifests/${reference}`, method)).status,
          403,
          `${method} ${reference}`,
        )
      }
    }
    t.match(JSON.parse((await ask(dev, 'prod/unsigned/manifests/v1')).text), {
      errors: [{ code: 'DENIED', detail: 'no signature by a trusted key was found' }],
    })
    t.equal((await ask(ci, 'prod/unsigned/manifests/v1')).status, 200, 'the signer may see it')
  })

  await t.test('a rule that only warns lets it through and says so', async t => {
    const image = writeOciImage(layout, { tag: 'warned', layerBytes: 100 })
    await push(image, 'stage/api:v1')
    ok(t, await pull('stage/api:v1'), 'the pull')
    const { headers } = await ask(dev, 'stage/api/manifests/v1')
    t.match(String(headers['warning']), `299 - "stage/api:v1 (${image.manifest.digest}) is not signed`)
  })

  await t.test('a signed image is pulled and verified; a stranger changes nothing', async t => {
    const image = writeOciImage(layout, { tag: 'signed', layerBytes: 100 })
    const { digest } = image.manifest
    await push(image, 'prod/signed:v1')
    ok(t, await cosign.sign('stranger', `${ci}/prod/signed@${digest}`), 'cosign sign by a stranger')
    t.match((await pull('prod/signed:v1')).stderr, refused(digest, 'prod/signed:v1'))
    ok(t, await cosign.sign('trusted', `${ci}/prod/signed@${digest}`), 'cosign sign')
    clock.now += 3_000
    ok(t, await pull('prod/signed:v1'), 'the pull')
    ok(t, await pull(`prod/signed@${digest}`), 'the pull by digest')
    // Which asks for the signatures themselves, by whoever may not see what is unsigned.
    ok(t, await cosign.verify('trusted', `${dev}/prod/signed:v1`), 'cosign verify')
    t.equal((await ask(dev, 'prod/signed/manifests/v1')).headers['warning'], undefined)
  })

  await t.test('an attestation is no signature', async t => {
    const image = writeOciImage(layout, { tag: 'attested', layerBytes: 100 })
    const { digest } = image.manifest
    await push(image, 'prod/attested:v1')
    const predicate = join(cosign.dir, 'predicate.json')
    writeFileSync(predicate, '{"vulnerable":true}')
    ok(t, await cosign.attest('trusted', `${ci}/prod/attested@${digest}`, predicate), 'cosign attest')
    t.match((await pull('prod/attested:v1')).stderr, refused(digest, 'prod/attested:v1'))
  })

  await t.test('an index is signed as a whole, with the images in it', async t => {
    const index = writeOciIndex(layout, { tag: 'index', layerBytes: 100 })
    const { digest } = index.index
    await push(index, 'prod/index:v1', true)
    t.match((await pull('prod/index:v1')).stderr, refused(digest, 'prod/index:v1'))
    ok(t, await cosign.sign('trusted', `${ci}/prod/index@${digest}`), 'cosign sign')
    clock.now += 3_000
    ok(t, await pull('prod/index:v1'), 'the pull of one platform')
    const all = await skopeo.pull(`${dev}/prod/index:v1`, `oci:${tempDir(t)}:x`, { all: true })
    ok(t, all, 'the pull of all')

    await push(index, 'prod/recursive:v1', true)
    const [child] = index.images
    ok(
      t,
      await cosign.sign('trusted', `${ci}/prod/recursive@${digest}`, '--recursive'),
      'cosign sign --recursive',
    )
    const path = `prod/recursive/manifests/${child?.manifest.digest}`
    t.equal((await ask(dev, path)).status, 200, 'an image that is signed itself, without the index')
  })
}

t.test('signatures of cosign 2', t => signedOnly(t, findCosign()))

t.test('signatures of cosign 2 as OCI referrers', async t => {
  const { cosign, clock, dev, ci, layout, skopeo, ask } = await setStage(t, findCosign())
  const image = writeOciImage(layout, { layerBytes: 100 })
  ok(t, await skopeo.push(image.ref, `${ci}/prod/api:v1`), 'the push')
  t.equal((await ask(dev, 'prod/api/manifests/v1')).status, 403)
  const flag = '--registry-referrers-mode=oci-1-1'
  ok(t, await cosign.sign('trusted', `${ci}/prod/api@${image.manifest.digest}`, flag), 'cosign sign')
  clock.now += 3_000
  t.equal((await ask(dev, 'prod/api/manifests/v1')).status, 200)
  const experimental = '--experimental-oci11'
  ok(t, await cosign.verify('trusted', `${dev}/prod/api:v1`, experimental), 'cosign verify')
})

t.test('signatures of cosign 3', { skip: cosign3 === undefined && 'LANDWAITER_COSIGN3 is not set' }, t =>
  signedOnly(t, cosign3 ?? ''),
)

t.test('nothing is sent while the registry cannot be asked for signatures', async t => {
  const registry = await startRealRegistry(t)
  const small = createSmallFetch({ kind: 'unix', path: join(tempDir(t), 'gone') })
  t.teardown(() => small.close())
  const ignore = () => undefined
  const rule = { name: '*/*', signers: ['ci'], keys: createKeySet([]), mode: 'enforce' } as const
  const requireSignature = createRequireSignature({
    rules: [rule],
    check: createSignatureCheck({
      fetch: createRegistryContent({ get: small.get, authorization: async () => undefined }),
      clock: () => 0,
    }),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  const host = await startGateway(t, { upstream: registry.upstream, account: 'dev', requireSignature })
  const skopeo = createSkopeo(t, { kind: 'plain-http' })
  ok(t, await skopeo.push(writeOciImage(tempDir(t)).ref, `${registry.host}/prod/api:v1`), 'the push')
  const { statusCode, headers, body } = await request(`http://${host}/v2/prod/api/manifests/v1`, {
    headers: { accept: MANIFEST_ACCEPT },
  })
  t.equal(statusCode, 503)
  t.equal(headers['retry-after'], '5')
  t.match(await body.json(), { errors: [{ code: 'UNAVAILABLE', message: /^the signature of prod\/api:v1/ }] })
})
