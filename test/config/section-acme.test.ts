import t from 'tap'
import { isPublicHost } from '../../src/config/public-host.ts'
import { below, loadText } from './load-text.ts'

/** A section below a public domain, so that it begins on line 4 and mode acme is the default. */
const domain = (section: string) => below(`domains: {registry: r.example.com}\n${section}`)

const acmeOf = async (text: string, surroundings = {}) => {
  const { tls } = (await loadText(text, surroundings)).config
  return tls.mode === 'acme' ? tls.acme : undefined
}

t.test('public domains get certificates by ACME, others are ours to certify', async t => {
  const rows = [
    ['', 'internal'],
    ['domains: {registry: r.example.com}', 'acme'],
    ['domains: {registry: "r.example.com:5443"}', 'acme'],
    ['domains: {registry: localhost}', 'internal'],
    ['domains: {registry: r.test}', 'internal'],
    ['domains: {registry: r.internal}', 'internal'],
    ['domains: {registry: r}', 'internal'],
    ['domains: {registry: 192.0.2.7}', 'internal'],
    ['domains: {registry: "[2001:db8::1]:443"}', 'internal'],
    ['domains: {registry: r.lan, auth: a.example.com}', 'acme'],
    ['domains: {registry: r.example.com}\ntls: {certificate: a, key: b}', 'files'],
    ['domains: {registry: r.example.com}\nserver: {certificate: a, key: b}', 'files'],
    ['domains: {registry: r.example.com}\ntls: {mode: internal}', 'internal'],
    ['domains: {registry: r.test}\ntls: {mode: acme}', 'acme'],
    ['server: {letsencrypt: {email: a@b.example, host: r.example.com}}', 'acme'],
    ['server: {letsencrypt: {host: r.example.com}}', 'acme'],
  ] as const
  for (const [text, mode] of rows) t.equal((await loadText(below(text))).config.tls.mode, mode, text)
  const { tls } = (await loadText(below(''), { env: { REGISTRY_DOMAIN: 'r.example.com' } })).config
  t.equal(tls.mode, 'acme', 'a domain of the environment counts')
})

t.test('nothing but a domain is needed', async t => {
  t.strictSame(await acmeOf(domain('')), {
    authorities: [{ directory: 'letsencrypt', staging: false }],
    names: ['r.example.com'],
    ownNames: [],
    challenges: ['http-01', 'tls-alpn-01'],
    stop_gap: true,
  })
})

t.test('a domain that is not public has a certificate of our own CA beside', async t => {
  const names = async (text: string) => {
    const { names, ownNames } = (await acmeOf(below(text))) ?? {}
    return { names, ownNames }
  }
  const public_ = 'r.example.com'
  t.strictSame(await names('domains: {registry: r.example.com, auth: auth.lan}'), {
    names: [public_],
    ownNames: ['auth.lan'],
  })
  t.strictSame(await names('domains: {registry: r.lan, auth: r.example.com}'), {
    names: [public_],
    ownNames: ['r.lan'],
  })
  t.strictSame(await names('domains: {registry: R.Example.com, auth: "r.example.com:5001"}'), {
    names: [public_],
    ownNames: [],
  })
  const asked = 'tls: {mode: acme, acme: {directory: https://ca.lan/dir}}\n'
  t.strictSame(
    await names(`${asked}domains: {registry: r.lan, auth: 192.0.2.7}`),
    { names: ['r.lan', '192.0.2.7'], ownNames: [] },
    'an authority of your own may issue for any name',
  )
})

t.test('one wildcard stands for both domains, names may be more than the domains', async t => {
  const dns = 'dns: {hook: h}'
  const wildcard = await acmeOf(domain(`tls: {acme: {names: ["*.example.com"], ${dns}}}`))
  t.match(wildcard, {
    names: ['*.example.com'],
    ownNames: [],
    challenges: ['dns-01', 'http-01', 'tls-alpn-01'],
  })
  const more = await acmeOf(domain('tls: {acme: {names: [R.example.com, other.example.com, r.example.com]}}'))
  t.match(more, { names: ['r.example.com', 'other.example.com'] })
  const address = 'tls: {acme: {names: [r.example.com, "2001:DB8:0::1"], profile: shortlived}}'
  t.match(await acmeOf(domain(address)), { names: ['r.example.com', '2001:db8::1'] })
})

t.test('challenges follow the listeners that are open', async t => {
  const challenges = async (text: string) => (await acmeOf(domain(text)))?.challenges
  t.strictSame(await challenges('listen: {http: off}'), ['tls-alpn-01'])
  t.strictSame(await challenges('listen: {https: off}'), ['http-01'])
  t.strictSame(await challenges('listen: {http: off}\ntls: {acme: {dns: {hook: h}}}'), [
    'dns-01',
    'tls-alpn-01',
  ])
  t.strictSame(await challenges('tls: {acme: {challenges: [tls-alpn-01, http-01]}}'), [
    'tls-alpn-01',
    'http-01',
  ])
})

t.test('fallbacks inherit address and profile, never the account of another authority', async t => {
  const acme = await acmeOf(
    domain(`tls:
  acme:
    email: a@example.com
    profile: tlsserver
    ca_root_file: roots.pem
    eab: {kid: first, hmac_key: Zmlyc3Q}
    fallback:
      - {directory: google, eab: {kid: second, hmac_key_file: secret}}
      - {directory: https://ca.example/dir, email: b@example.com, profile: classic, ca_root_file: other.pem}
`),
    { files: { secret: 'c2Vjb25k\n' } },
  )
  t.match(acme?.authorities, [
    { directory: 'letsencrypt', email: 'a@example.com', profile: 'tlsserver', ca_root_file: 'roots.pem' },
    { directory: 'google', email: 'a@example.com', profile: 'tlsserver' },
    {
      directory: 'https://ca.example/dir',
      email: 'b@example.com',
      profile: 'classic',
      ca_root_file: 'other.pem',
    },
  ])
  t.strictSame(
    acme?.authorities.map(({ eab, ca_root_file }) => [eab?.kid, eab?.hmac_key.reveal(), ca_root_file]),
    [
      ['first', 'Zmlyc3Q', 'roots.pem'],
      ['second', 'c2Vjb25k', undefined],
      [undefined, undefined, 'other.pem'],
    ],
  )
  t.notOk(JSON.stringify(acme).includes('c2Vjb25k'), 'a secret is not printed')
})

t.test('the test stage counts for every authority', async t => {
  const text = 'tls: {acme: {staging: true, fallback: [{directory: google, eab: {kid: a, hmac_key: b}}]}}'
  t.match((await acmeOf(domain(text)))?.authorities, [{ staging: true }, { staging: true }])
})

t.test("docker_auth's letsencrypt is certificates by ACME", async t => {
  const text = 'server: {letsencrypt: {email: a@b.example, host: r.example.com, cache_dir: /cache}}'
  t.match(await acmeOf(below(text)), {
    names: ['r.example.com'],
    authorities: [{ directory: 'letsencrypt', email: 'a@b.example' }],
  })
  const both = `${text}\ndomains: {registry: registry.example.com}\ntls: {acme: {email: own@b.example}}`
  t.match(await acmeOf(below(both)), {
    names: ['registry.example.com', 'r.example.com'],
    authorities: [{ email: 'own@b.example' }],
  })
  const empty = 'server: {letsencrypt: {email: "", host: "", cache_dir: ""}}'
  t.equal((await loadText(below(empty))).config.tls.mode, 'internal', 'empty strings are as absent, in Go')
})

t.test('name servers are addressed, signed for and waited for', async t => {
  const hook = await acmeOf(
    domain('tls: {acme: {dns: {hook: /bin/dns, env: [API_KEY], propagation_timeout: 0}}}'),
  )
  t.match(hook?.dns, {
    hook: '/bin/dns',
    env: ['API_KEY'],
    resolvers: [],
    propagation_timeout: 0,
    propagation_wait: 0,
  })
  const update = await acmeOf(
    domain('tls: {acme: {dns: {rfc2136: {server: "ns.example.com:5353", key_name: k, key_secret_file: f}}}}'),
    { files: { f: 'c2VjcmV0' } },
  )
  t.match(update?.dns, {
    propagation_timeout: 120_000,
    rfc2136: { key: { name: 'k', algorithm: 'hmac-sha256' } },
  })
  t.equal(update?.dns?.rfc2136?.key?.secret.reveal(), 'c2VjcmV0')
})

t.test('names that no public authority certifies are known', async t => {
  const others = [
    'localhost',
    'registry',
    'r.test',
    'a.b.internal',
    'r.LAN',
    'x.local',
    'r.home.arpa',
    '10.0.0.1',
    '::1',
    'r.corp',
  ]
  for (const name of others) t.equal(isPublicHost(name), false, name)
  for (const name of ['r.example.com', 'r.dev', 'xn--r-9na.de']) t.equal(isPublicHost(name), true, name)
})
