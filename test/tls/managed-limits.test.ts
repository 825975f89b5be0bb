import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { CertificateAuthority, CertificateOrder } from '../../src/model/certificate-authority.ts'
import { AcmeFailed } from '../../src/model/errors.ts'
import { createManagedCertificate, type ManagedOptions } from '../../src/tls/managed-certificate.ts'
import { signCertificate } from '../../src/tls/sign-certificate.ts'
import { newCertificate, openStore } from './store-support.ts'
import type { Cleanup } from './support.ts'

const NAME = 'registry.test'
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** An authority that does with every order what it is told, and the times of the orders. */
function authority(
  id: string,
  clock: () => number,
  issue: CertificateAuthority['issue'],
): CertificateAuthority & { readonly askedAt: readonly number[] } {
  const askedAt: number[] = []
  return {
    id,
    directory: `https://${id}.test/dir`,
    askedAt,
    async issue(order, signal) {
      askedAt.push(clock())
      return await issue(order, signal)
    },
    renewalWindow: async () => undefined,
    revoke: async () => {},
    clockSkewMs: () => undefined,
    close: async () => {},
  }
}

/** A managed certificate whose clock the test moves. */
async function manage(
  t: Cleanup,
  issue: CertificateAuthority['issue'],
  change: Partial<ManagedOptions> = {},
) {
  let now = Date.now()
  const clock = () => now
  const { store, log } = await openStore(t, { clock })
  const asked = authority('letsencrypt', clock, issue)
  const managed = createManagedCertificate({
    name: NAME,
    setup: '',
    store,
    clock,
    log,
    choices: [{ authority: asked }],
    challenges: ['http-01'],
    certificateId: async () => undefined,
    onEvent: () => {},
    onChange: () => {},
    ...change,
  })
  const { signal } = new AbortController()
  const run = async (ms: number) => {
    const end = now + ms
    while (now < end) {
      await managed.tick(signal)
      now = Math.max(now + 1_000, Math.min(managed.nextAt(), end))
    }
  }
  return { managed, store, asked, run, clock, tick: () => managed.tick(signal) }
}

async function issued({ names, key, challenges }: CertificateOrder) {
  const { privateKey: signingKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [notBefore, notAfter] = [Date.now() - HOUR_MS, Date.now() + 90 * 24 * HOUR_MS]
  const root = await signCertificate({
    commonName: 'root',
    publicKey: createPublicKey(signingKey),
    signingKey,
    notBefore,
    notAfter,
    role: { kind: 'root' },
  })
  const chain = await signCertificate({
    commonName: NAME,
    publicKey: createPublicKey(key.reveal()),
    signingKey,
    notBefore,
    notAfter,
    role: { kind: 'server', issuer: root, dns: names, ip: [] },
  })
  return { chain, challenge: challenges[0] }
}

for (const retryAfterMs of [0, 1_000]) {
  t.test(
    `an authority that asks for ${retryAfterMs} ms of rest again and again is not asked that often`,
    async t => {
      const { asked, run } = await manage(t, async () => {
        throw new AcmeFailed('limited', 'too many', { retryAfterMs })
      })
      await run(HOUR_MS)
      t.ok(asked.askedAt.length <= 8, `${asked.askedAt.length} orders in an hour`)
      t.ok(asked.askedAt.length >= 4, 'but not forgotten')
    },
  )
}

t.test('a certificate of the test stage gives way to one of the authority at once', async t => {
  const { managed, store, asked, tick } = await manage(t, issued)
  await store.add(NAME, 0, newCertificate(t, `DNS:${NAME}`, { authority: 'letsencrypt-staging' }))
  await store.writeState(NAME, { obtained: [Date.now()] })
  await managed.load()
  await tick()
  t.equal(managed.current()?.authority, 'letsencrypt')
  await tick()
  t.equal(asked.askedAt.length, 1, 'and that one stays')
})

for (const id of ['zerossl', 'imported:example', 'letsencrypt']) {
  t.test(`a certificate of ${id} is kept until its renewal`, async t => {
    const { managed, store, asked, tick } = await manage(t, issued)
    const obtainedAt = Date.now()
    await store.add(NAME, 0, newCertificate(t, `DNS:${NAME}`, { authority: id, obtainedAt }))
    await managed.load()
    await tick()
    t.equal(managed.current()?.authority, id)
    t.strictSame(asked.askedAt, [])
  })
}
