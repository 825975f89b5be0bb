import { createSecureContext } from 'node:tls'
import { inspect } from 'node:util'
import t from 'tap'
import { loadText, MINIMUM, report } from './load-text.ts'

/** The configuration of a text that has users and acl already. */
async function sections(text: string, env: Readonly<Record<string, string>> = {}) {
  return (await loadText(`${MINIMUM}${text}`, { env })).config
}

t.test('fills in every default', async t => {
  const { config } = await loadText(MINIMUM)
  t.strictSame(config, {
    domains: {},
    listen: {
      https: { port: 443 },
      http: { port: 80 },
      admin: { host: '127.0.0.1', port: 9090 },
      h2: false,
      proxy_protocol: false,
    },
    workers: 1,
    tls: { mode: 'internal', min_version: '1.2' },
    token: { issuer: 'landwaiter', expiration: 300, disable_legacy_key_id: false },
    registry: {
      auth: 'internal',
      upstream: { kind: 'tcp', origin: 'http://registry:5000', host: 'registry', port: 5000 },
      redirects: 'passthrough',
      redirect_hosts: [],
    },
    cache: { manifests: 32 * 1024 ** 2, blobs: 8 * 1024 ** 2, existence_ttl_ms: 60_000, tag_ttl_ms: 0 },
    users: new Map(),
    acl: [],
    immutable_tags: [],
    protected_tags: [],
    manifest_rules: [],
    require_signature: [],
    hide_unauthorized: false,
    audit: {
      file: '/var/log/landwaiter/audit.jsonl',
      level: 'blobs',
      omit: [],
      sinks: [],
      sync: 'interval',
      chain: true,
      checkpoint_interval: 300_000,
      max_size: 104_857_600,
      daily: false,
      max_files: 0,
      max_age: 31_536_000_000,
      compress: true,
      mode: 0o600,
      ballast: 8_388_608,
      grace: 60_000,
      pulls: 'refuse',
    },
    trusted_proxies: [],
    state_dir: '/var/lib/landwaiter',
    log: { level: 'info', format: 'auto' },
    limits: { shutdown_timeout_ms: 30_000, transfer_memory: 67_108_864, connections: 20_000 },
    server: { listen: null, path_prefix: '', real_ip_pos: 0, hsts: false },
  })
})

t.test('understands addresses', async t => {
  const listen: readonly [text: string, value: unknown][] = [
    ['":8443"', { port: 8443 }],
    [':8443', { port: 8443 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['0.0.0.0:443', { host: '0.0.0.0', port: 443 }],
    ['"[::1]:443"', { host: '::1', port: 443 }],
    ['localhost:443', { host: 'localhost', port: 443 }],
    ['off', null],
    ['"off"', null],
    ['false', null],
    ['no', null],
    ['~', { port: 443 }],
  ]
  for (const [text, value] of listen)
    t.strictSame((await sections(`listen: {https: ${text}}`)).listen.https, value, text)

  const domains: readonly [text: string, value: string | undefined][] = [
    ['Registry.Example.COM', 'registry.example.com'],
    ['localhost:8443', 'localhost:8443'],
    ['10.0.0.1', '10.0.0.1'],
    ['"::1"', '[::1]'],
    ['"[::1]:8443"', '[::1]:8443'],
    ['"2001:DB8:0:0::0:1"', '[2001:db8::1]'],
    ['"[2001:0db8:0::1]:8443"', '[2001:db8::1]:8443'],
    ['my_host', 'my_host'],
    ['~', undefined],
  ]
  for (const [text, value] of domains)
    t.equal((await sections(`domains: {registry: ${text}}`)).domains.registry, value, text)
  for (const text of ['-a', 'a..b', 'a:0', 'a:70000', '1.2.3', 'a/b', '"[1.2.3.4]"', `${'a'.repeat(64)}.b`]) {
    t.match(await report(`${MINIMUM}domains: {auth: ${text}}`), [/domains.auth: must be a host name/], text)
  }

  const upstreams: readonly [text: string, value: unknown][] = [
    ['http://r:5001', { kind: 'tcp', origin: 'http://r:5001', host: 'r', port: 5001 }],
    ['http://r/', { kind: 'tcp', origin: 'http://r', host: 'r', port: 80 }],
    ['"http://[::1]:5000"', { kind: 'tcp', origin: 'http://[::1]:5000', host: '::1', port: 5000 }],
    ['unix:/run/r.sock', { kind: 'unix', path: '/run/r.sock' }],
    ['unix:///run/r.sock', { kind: 'unix', path: '/run/r.sock' }],
  ]
  for (const [text, value] of upstreams)
    t.strictSame((await sections(`registry: {upstream: ${text}}`)).registry.upstream, value, text)

  const networks = '[10.0.0.1, 10.0.0.0/8, "::1", "fd00::/8"]'
  t.strictSame((await sections(`trusted_proxies: ${networks}`)).trusted_proxies, [
    '10.0.0.1',
    '10.0.0.0/8',
    '::1',
    'fd00::/8',
  ])
})

t.test('understands durations', async t => {
  const rows: readonly [text: string, ms: number][] = [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['.5s', 500],
    ['0', 0],
  ]
  for (const [text, ms] of rows) {
    t.equal((await sections(`limits: {shutdown_timeout: ${text}}`)).limits.shutdown_timeout_ms, ms, text)
  }
})

t.test('understands sizes', async t => {
  const rows: readonly [text: string, bytes: number][] = [
    ['64MiB', 67_108_864],
    ['1.5 GiB', 1_610_612_736],
    ['2GB', 2_000_000_000],
    ['4096k', 4_096_000],
    ['1048576', 1_048_576],
  ]
  for (const [text, bytes] of rows) {
    t.equal((await sections(`limits: {transfer_memory: ${text}}`)).limits.transfer_memory, bytes, text)
  }
})

t.test('settles TLS and token keys from tls, token and server', async t => {
  const pair = (name: string) => ({ certificate: `${name}.pem`, key: `${name}.key` })
  const flow = (section: string, name: string, more = '') =>
    `${section}: {certificate: ${name}.pem, key: ${name}.key${more}}\n`
  const rows: readonly [text: string, tls: unknown, token: unknown][] = [
    ['', { mode: 'internal' }, {}],
    [flow('tls', 't'), { mode: 'files', ...pair('t') }, {}],
    [flow('server', 's'), { mode: 'files', ...pair('s') }, pair('s')],
    [flow('server', 's') + flow('tls', 't'), { mode: 'files', ...pair('t') }, pair('s')],
    [flow('server', 's') + flow('token', 'k'), { mode: 'files', ...pair('s') }, pair('k')],
    [`${flow('server', 's')}tls: {mode: files}`, { mode: 'files', ...pair('s') }, pair('s')],
    [`${flow('server', 's')}tls: {mode: internal}`, { mode: 'internal' }, pair('s')],
    [`${flow('server', 's')}tls: {mode: off}`, { mode: 'off' }, pair('s')],
    [flow('token', 'k'), { mode: 'internal' }, pair('k')],
  ]
  for (const [text, tls, token] of rows) {
    const config = await sections(text)
    t.strictSame(config.tls, { ...(tls as object), min_version: '1.2' }, text)
    const { certificate, key } = config.token
    t.strictSame(certificate === undefined ? {} : { certificate, key }, token, text)
  }
})

t.test("turns docker_auth's TLS limits into Node's", async t => {
  const versions: readonly [text: string, version: string][] = [
    ['server: {tls_min_version: TLS13}', '1.3'],
    ['server: {tls_min_version: 0x0304}', '1.3'],
    ['server: {tls_min_version: 772}', '1.3'],
    ['server: {tls_min_version: "0x0303"}', '1.2'],
    ['server: {tls_min_version: SSL30}', '1.2'],
    ['server: {tls_min_version: TLS12}\ntls: {min_version: 1.3}', '1.3'],
    ['tls: {min_version: "1.3"}', '1.3'],
  ]
  for (const [text, version] of versions) t.equal((await sections(text)).tls.min_version, version, text)

  const { tls } = await sections(
    'server: {tls_curve_preferences: [X25519, P256, 24], tls_cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 0xcca9, TLS_RSA_WITH_RC4_128_SHA]}',
  )
  t.equal(tls.curves, 'X25519:prime256v1:secp384r1')
  t.equal(
    tls.ciphers,
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
  )
  t.doesNotThrow(() => createSecureContext({ ecdhCurve: tls.curves, ciphers: tls.ciphers }))
})

t.test("opens docker_auth's listener with TLS off only", async t => {
  const off = 'tls: {mode: off}\n'
  t.strictSame((await sections(`${off}server: {addr: ":5001"}`)).server.listen, { port: 5001 })
  t.strictSame((await sections(`${off}server: {addr: "10.0.0.1:5001"}`)).server.listen, {
    host: '10.0.0.1',
    port: 5001,
  })
  t.strictSame((await sections(`${off}server: {addr: /run/a.sock, net: unix}`)).server.listen, {
    path: '/run/a.sock',
  })
  t.equal((await sections(off)).server.listen, null)
  t.equal((await sections('server: {addr: /run/a.sock, net: unix}')).server.listen, null)
})

t.test('knows a disk cache', async t => {
  const disk = async (text: string) => (await sections(text)).cache.disk
  t.equal(await disk(''), undefined)
  t.strictSame(await disk('cache: {disk: {dir: /cache, size: 20GiB}}'), {
    dir: '/cache',
    size: 20 * 1024 ** 3,
  })
  const besideRun = 'registry: {run: {direct_read: no}}\ncache: {disk: {dir: /cache, size: 1048576}}'
  t.strictSame(await disk(besideRun), { dir: '/cache', size: 1024 ** 2 })
})

t.test('settles how the registry is run', async t => {
  const upstream = { kind: 'unix', path: '/state/registry.sock' }
  const run = async (text: string) => (await sections(`state_dir: /state\nregistry: {run: ${text}}`)).registry
  const redirects = { redirects: 'passthrough', redirect_hosts: [] }
  const filesystem = {
    storage: { kind: 'filesystem', root: '/state/registry' },
    delete: true,
    direct_read: true,
  }
  t.strictSame(await run('true'), { auth: 'internal', ...redirects, upstream, run: filesystem })
  t.strictSame(await run('{}'), { auth: 'internal', ...redirects, upstream, run: filesystem })
  t.strictSame((await run('{binary: /bin/r, delete: no, storage: {filesystem: {root: /blobs}}}')).run, {
    binary: '/bin/r',
    storage: { kind: 'filesystem', root: '/blobs' },
    delete: false,
    direct_read: true,
  })
  t.equal((await run('{direct_read: no}')).run?.direct_read, false)
  t.equal((await run('{storage: {s3: {bucket: b, region: r}}}')).run?.direct_read, false)
  t.equal((await run('false')).run, undefined)
  t.equal((await run('off')).upstream.kind, 'tcp')
  const { run: s3 } = await run(
    '{storage: {s3: {bucket: b, region: r, endpoint: "http://minio:9000", access_key: a, secret_key: k, root: /x}}}',
  )
  t.match(s3?.storage, {
    kind: 's3',
    bucket: 'b',
    region: 'r',
    endpoint: 'http://minio:9000',
    root: '/x',
    secure: false,
    redirect: false,
  })
  t.equal(s3?.storage.kind === 's3' && s3.storage.secret_key?.reveal(), 'k')
  t.notMatch(inspect(s3, { depth: 9 }), /secret_key: 'k'/)
  const { run: aws } = await run('{storage: {s3: {bucket: b, region: r, redirect: true}}}')
  t.strictSame(aws?.storage, { kind: 's3', bucket: 'b', region: 'r', secure: true, redirect: true })
})
