import t, { type Test } from 'tap'
import { BIND_KEY } from '../acme/dns-support.ts'
import { type AcmeLandwaiterOptions, startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { type Bind, startBind } from '../support/bind.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { servedCertificate } from '../support/served-certificate.ts'

const DOMAINS = { registry: 'registry.example.test', auth: 'auth.example.test' }
const NAMES = [DOMAINS.registry, DOMAINS.auth]
const WILDCARD = '*.example.test'
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const REFUSED = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'

t.test('dns-01 by updates of a name server', async t => {
  const bind = await startBind(t, {
    key: BIND_KEY,
    zones: [{ name: 'example.test', records: ['registry A 127.0.0.1', 'auth A 127.0.0.1'] }],
  })
  const pebble = await startPebble(t, { dnsServer: bind.server })
  const site = { bind, pebble }

  await t.test('gets a certificate for each name', async t => {
    const shown = await start(t, site, undefined)
    t.strictSame(await Promise.all(NAMES.map(name => shown(name))), NAMES)
  })

  await t.test('gets one wildcard certificate for all', async t => {
    const shown = await start(t, site, [WILDCARD])
    t.strictSame(await Promise.all(NAMES.map(name => shown(name))), [WILDCARD, WILDCARD])
    t.equal(await shown(undefined), WILDCARD, 'to a client that names no server')
  })

  await t.test('no certificate is shown under another name', async t => {
    const shown = await start(t, site, [DOMAINS.registry, WILDCARD])
    const cases: readonly [serverName: string | undefined, certificate: string][] = [
      [DOMAINS.registry, DOMAINS.registry],
      [DOMAINS.registry.toUpperCase(), DOMAINS.registry],
      [DOMAINS.auth, WILDCARD],
      ['other.example.test', WILDCARD],
      ['one.registry.example.test', REFUSED],
      ['example.test', REFUSED],
      ['registry.example.test.evil.test', REFUSED],
      ['localhost', REFUSED],
      [undefined, DOMAINS.registry],
    ]
    for (const maxVersion of VERSIONS) {
      for (const [serverName, certificate] of cases) {
        t.equal(await shown(serverName, maxVersion), certificate, `${serverName} ${maxVersion}`)
      }
    }
  })
})

interface Site {
  readonly bind: Bind
  readonly pebble: Pebble
}

/** The name in the certificate that a client is shown under a server name, or why its handshake fails. */
type Shown = (serverName: string | undefined, maxVersion?: 'TLSv1.2' | 'TLSv1.3') => Promise<string>

/** Starts a landwaiter that has its certificates. */
async function start(t: Test, { bind, pebble }: Site, names: readonly string[] | undefined): Promise<Shown> {
  const acme: AcmeLandwaiterOptions['acme'] = {
    challenges: ['dns-01'],
    ...(names === undefined ? {} : { names }),
    dns: {
      resolvers: [bind.server],
      // It would ask port 53 of the zone's name server.
      propagation_timeout: '0',
      rfc2136: {
        server: bind.server,
        key_name: BIND_KEY.name,
        key_algorithm: BIND_KEY.algorithm,
        key_secret: BIND_KEY.secret,
      },
    },
  }
  const landwaiter = await startAcmeLandwaiter(t, {
    pebble,
    domains: DOMAINS,
    acme,
    config: { registry: { upstream: 'http://127.0.0.1:9', auth: 'none' } },
  })
  await landwaiter.served(NAMES)
  t.comment(`both names served ${Math.round(performance.now() - landwaiter.startedAt)} ms after the start`)
  const ca = await pebble.issuingRoot()
  return async (servername, maxVersion = 'TLSv1.3') => {
    const sni = servername === undefined ? {} : { servername }
    const seen = await servedCertificate(pebble.tlsPort, { ...sni, ca, maxVersion })
    if (!('leaf' in seen)) return seen.code
    return String(seen.leaf.subjectAltName).replace('DNS:', '')
  }
}
