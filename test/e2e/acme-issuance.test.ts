import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ChallengeType } from '../../src/model/certificate-authority.ts'
import { ACME_DOMAINS, type AcmeLandwaiter, startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { basic } from '../support/landwaiter.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { type RealRegistry, startRealRegistry } from '../support/real-registry.ts'
import { servedCertificate } from '../support/served-certificate.ts'
import { tempDir } from '../support/temp-dir.ts'
import { startTraffic } from '../support/tls-traffic.ts'

const NAMES = [ACME_DOMAINS.registry, ACME_DOMAINS.auth]

interface Site {
  readonly pebble: Pebble
  readonly registry: RealRegistry
}

interface AcmeFields extends Record<string, unknown> {
  readonly challenges: readonly [ChallengeType]
}

t.test('both names get a certificate at the first start', async t => {
  const site = { pebble: await startPebble(t), registry: await startRealRegistry(t) }
  await t.test('by http-01', t => checkIssuance(t, site, { challenges: ['http-01'] }))
  await t.test('by dns-01 through a program', t =>
    checkIssuance(t, site, { challenges: ['dns-01'], dns: programFor(t, site.pebble) }),
  )
  await t.test('by tls-alpn-01 at the port that clients use meanwhile', t => checkAmongClients(t, site))
})

t.test('an account that must be bound to another one is', async t => {
  const hmac = Buffer.from('a key of at least thirty-two bytes').toString('base64url')
  const pebble = await startPebble(t, { eab: { 'kid-1': hmac } })
  const file = join(tempDir(t), 'hmac')
  writeFileSync(file, `${hmac}\n`)
  const landwaiter = await startAcmeLandwaiter(t, {
    pebble,
    domains: { registry: ACME_DOMAINS.registry },
    acme: { challenges: ['http-01'], eab: { kid: 'kid-1', hmac_key_file: file } },
    config: { registry: { upstream: 'http://127.0.0.1:9', auth: 'none' } },
  })
  await landwaiter.served([ACME_DOMAINS.registry])
  t.strictSame(await told(landwaiter), [[ACME_DOMAINS.registry, 'http-01', 0, false]])
})

t.test('an address gets a certificate', async t => {
  const pebble = await startPebble(t)
  const landwaiter = await startAcmeLandwaiter(t, {
    pebble,
    domains: { registry: `127.0.0.1:${pebble.tlsPort}` },
    acme: { challenges: ['http-01'] },
    config: { registry: { upstream: 'http://127.0.0.1:9', auth: 'none' } },
  })
  const ca = await pebble.issuingRoot()
  const leaf = await landwaiter.ready('a certificate of the authority', async () => {
    const seen = await servedCertificate(pebble.tlsPort, { ca })
    return 'leaf' in seen && seen.fault === undefined && seen.leaf
  })
  t.equal(leaf.subjectAltName, 'IP Address:127.0.0.1')
})

/** A program that sets records at pebble's own DNS server, which has no name servers that could be asked. */
function programFor(t: Test, pebble: Pebble) {
  const hook = join(tempDir(t), 'hook')
  const script = `#!${process.execPath}
const { request } = require('node:http')
const [verb, host, value] = process.argv.slice(2)
const path = verb === 'present' ? '/set-txt' : '/clear-txt'
const asked = request('${pebble.dnsManagement}' + path, { method: 'POST' }, answer => {
  process.exitCode = answer.resume().statusCode === 200 ? 0 : 1
})
asked.end(JSON.stringify({ host, value }))
`
  writeFileSync(hook, script, { mode: 0o755 })
  return { hook, resolvers: [pebble.dnsServer], propagation_timeout: '0' }
}

async function checkIssuance(t: Test, site: Site, acme: AcmeFields): Promise<void> {
  const landwaiter = await start(t, site, acme)
  await landwaiter.served(NAMES)
  t.comment(`both names served ${Math.round(performance.now() - landwaiter.startedAt)} ms after the start`)
  t.strictSame(
    await told(landwaiter),
    NAMES.map(name => [name, acme.challenges[0], 0, false]),
  )
  await checkRenewal(t, site, landwaiter)
  await landwaiter.stop()
}

async function checkAmongClients(t: Test, site: Site): Promise<void> {
  const { pebble } = site
  const landwaiter = await start(t, site, { challenges: ['tls-alpn-01'] })
  // Until its own is there, each name has a certificate of our own CA.
  const roots = [readFileSync(landwaiter.caFile, 'utf8'), await pebble.issuingRoot()]
  const realm = `https://${ACME_DOMAINS.auth}:${pebble.tlsPort}/auth?service=${ACME_DOMAINS.registry}`
  const login = { authorization: basic('developer') }
  const traffic = startTraffic(t, {
    roots: () => roots,
    pauseMs: 250,
    visit: async ask => {
      await ask(realm, login)
      await ask(`https://${ACME_DOMAINS.registry}:${pebble.tlsPort}/v2/`, login)
    },
  })
  await landwaiter.served(NAMES)
  t.comment(`both names served ${Math.round(performance.now() - landwaiter.startedAt)} ms after the start`)
  t.strictSame(
    await told(landwaiter),
    NAMES.map(name => [name, 'tls-alpn-01', 0, false]),
  )
  await checkRenewal(t, site, landwaiter)
  await checkProtocols(t, pebble)
  await traffic.stop()
  t.strictSame(traffic.failures, [])
  for (const name of NAMES) t.ok((traffic.serials.get(name)?.size ?? 0) >= 2, `clients of ${name} saw a swap`)
}

function start(t: Test, { pebble, registry }: Site, acme: AcmeFields): Promise<AcmeLandwaiter> {
  const config = { registry: { upstream: registry.upstream, auth: 'none' } }
  return startAcmeLandwaiter(t, { pebble, acme, config })
}

async function checkRenewal(t: Test, { pebble }: Site, landwaiter: AcmeLandwaiter): Promise<void> {
  const first = await keysOf(pebble)
  const { status, text } = await landwaiter.renew()
  t.equal(status, 200, text)
  const keys = [...first, ...(await keysOf(pebble))]
  t.equal(new Set(keys).size, 2 * NAMES.length, 'every certificate has a key of its own')
  t.strictSame(outcomes(landwaiter), [
    ...NAMES.map(name => `cert.issue ${name} success`),
    ...NAMES.map(name => `cert.renew ${name} success`),
  ])
}

async function checkProtocols(t: Test, { tlsPort }: Pebble): Promise<void> {
  const ALPNProtocols = ['h2', 'http/1.1']
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const chosen = async (servername: string) => {
      const seen = await servedCertificate(tlsPort, { servername, ALPNProtocols, maxVersion })
      return 'leaf' in seen ? seen.alpn : seen.code
    }
    t.equal(await chosen(ACME_DOMAINS.registry), 'http/1.1')
    t.equal(await chosen(ACME_DOMAINS.auth), 'h2')
  }
}

async function told(landwaiter: AcmeLandwaiter) {
  const certificates = await landwaiter.status()
  return certificates.map(({ acme }) => [acme?.name, acme?.challenge, acme?.failedAttempts, acme?.isStopGap])
}

/** The public keys that clients see, which trust nothing but the authority's root. */
async function keysOf(pebble: Pebble): Promise<readonly string[]> {
  const ca = await pebble.issuingRoot()
  return await Promise.all(
    NAMES.map(async servername => {
      const seen = await servedCertificate(pebble.tlsPort, { servername, ca })
      if (!('leaf' in seen) || seen.fault !== undefined) throw new Error(JSON.stringify(seen))
      if (seen.leaf.subjectAltName !== `DNS:${servername}`) throw new Error(seen.leaf.toString())
      return seen.leaf.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    }),
  )
}

/** The audit lines about certificates: the first ones in no order, since both names are obtained at once. */
function outcomes({ audit }: AcmeLandwaiter): readonly string[] {
  const order = (host: string | undefined) => NAMES.indexOf(host ?? '')
  return audit()
    .filter(({ kind }) => kind === 'certificate')
    .toSorted((one, other) =>
      one.action === other.action ? order(one.host) - order(other.host) : one.seq - other.seq,
    )
    .map(({ action, host, outcome }) => `${action} ${host} ${outcome}`)
}
