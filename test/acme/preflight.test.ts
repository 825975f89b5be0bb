import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import t from 'tap'
import { createPreflight, type PreflightOptions } from '../../src/acme/preflight.ts'
import type { ChallengeType } from '../../src/model/certificate-authority.ts'
import { isPublicAddress } from '../../src/policy/is-public-address.ts'
import { startBind } from '../support/bind.ts'
import { freePort } from '../support/free-port.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { openssl } from '../tls/support.ts'
import { NEVER, startTcp } from './dns-support.ts'

const PROBE = { token: 'probe-token', expected: 'probe-token.thumbprint' }
const OURS: RequestListener = (request, response) => {
  const isIt = request.url === '/.well-known/acme-challenge/probe-token'
  response.writeHead(isIt ? 200 : 404).end(isIt ? `${PROBE.expected}\n` : '')
}

async function listen(t: Scope, server: Server, { host = '127.0.0.1', port = 0 } = {}): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  server.listen(port, host)
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A certificate as tls-alpn-01 shows it, for this text as the key authorization. */
function challengePair(t: Scope, text: string): { readonly key: Buffer; readonly cert: Buffer } {
  const directory = tempDir(t)
  const [key, cert] = ['key.pem', 'cert.pem'].map(file => join(directory, file)) as [string, string]
  const digest = createHash('sha256').update(text).digest('hex')
  const extension = `1.3.6.1.5.5.7.1.31=critical,DER:0420${digest}`
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  const names = ['-subj', '/CN=probe', '-addext', 'subjectAltName=DNS:www.example.test', '-addext', extension]
  openssl('req', '-x509', ...curve, ...names, '-keyout', key, '-out', cert)
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

const tlsServer = (options: TlsOptions) => createTlsServer(options).on('tlsClientError', () => {})

t.test('looks at a name as an authority does', async t => {
  const server = await startBind(t, {
    zones: [
      {
        name: 'example.test',
        records: [
          'www A 127.0.0.1',
          'mail MX 10 www',
          'alias CNAME www',
          'both A 127.0.0.1',
          'both AAAA ::1',
          'private A 10.1.2.3',
        ],
      },
    ],
  })
  const check = (
    name: string,
    challenges: readonly ChallengeType[],
    options: Partial<PreflightOptions> = {},
  ) => {
    const preflight = createPreflight({ resolvers: [server], isPublicAuthority: false, ...options })
    return preflight({ name, challenges, probe: PROBE }, NEVER)
  }
  const checkHttp = (http: number, name = 'www.example.test') =>
    check(name, ['http-01'], { ports: { http, https: 0 }, timeoutMs: 1000 })
  const checkTls = (https: number) =>
    check('www.example.test', ['tls-alpn-01'], { ports: { http: 0, https }, timeoutMs: 1000 })

  t.test('finds nothing wrong where our own listeners answer', async t => {
    const http = await listen(t, createHttpServer(OURS))
    const pair = challengePair(t, PROBE.expected)
    const https = await listen(t, tlsServer({ ...pair, ALPNProtocols: ['acme-tls/1'] }))
    for (const name of ['www.example.test', 'alias.example.test', 'WWW.example.test', '127.0.0.1']) {
      const faults = await check(name, ['http-01', 'tls-alpn-01'], { ports: { http, https } })
      t.strictSame(faults, [], name)
    }
  })

  t.test('asks for the name and not for the address', async t => {
    const hosts: (string | undefined)[] = []
    const http = await listen(
      t,
      createHttpServer((request, response) => {
        hosts.push(request.headers.host)
        OURS(request, response)
      }),
    )
    await checkHttp(http)
    t.strictSame(hosts, ['www.example.test'])
  })

  t.test('says why a name has no address', async t => {
    const http: readonly ChallengeType[] = ['http-01']
    t.strictSame(await check('nobody.example.test', http), [
      'nobody.example.test does not exist (NXDOMAIN): create an A or AAAA record that points here',
    ])
    t.strictSame(await check('mail.example.test', http), [
      'mail.example.test has no A or AAAA record: create one that points here',
    ])
    t.strictSame(await check('www.example.org', http), [
      `www.example.org cannot be looked up: ${server.server} answered REFUSED`,
    ])
    const resolver = { host: '127.0.0.1', port: await freePort() }
    t.strictSame(await check('www.example.test', http, { resolvers: [resolver] }), [
      `www.example.test cannot be looked up: 127.0.0.1:${resolver.port} cannot be reached (ECONNREFUSED)`,
    ])
    t.strictSame(await check('www.example.test', ['dns-01'], { resolvers: [resolver] }), [], 'not for dns-01')
  })

  t.test('says that a public authority cannot reach a private address', async t => {
    t.strictSame(await check('private.example.test', ['http-01'], { isPublicAuthority: true }), [
      'private.example.test points to 10.1.2.3, a private address that a public authority cannot reach: use dns-01',
    ])
  })

  t.test('says that a port is closed', async t => {
    const port = await freePort()
    const ports = { http: port, https: port }
    t.strictSame(await check('www.example.test', ['http-01', 'tls-alpn-01'], { ports }), [
      `port ${port} of 127.0.0.1 is closed: open it or forward it to listen.http`,
      `port ${port} of 127.0.0.1 is closed: open it or forward it to listen.https`,
    ])
  })

  t.test('says that a port is silent', async t => {
    const { port = 0 } = await startTcp(t, () => {})
    const says = (listener: string) =>
      `port ${port} of 127.0.0.1 does not answer, as behind a firewall: open it or forward it to ${listener}`
    t.strictSame(await checkHttp(port), [says('listen.http')])
    t.strictSame(await checkTls(port), [says('listen.https')])
  })

  for (const { why, listener, says } of [
    {
      why: 'knows no such path',
      listener: (_, response) => response.writeHead(404, { server: 'nginx' }).end(),
      says: 'it answered 404, Server: nginx',
    },
    {
      why: 'does not give its name',
      listener: (_, response) => response.writeHead(503).end(),
      says: 'it answered 503, without a Server header',
    },
    {
      why: 'has a page for everything',
      listener: (_, response) => response.end('welcome'),
      says: 'it answered 200 with another body, without a Server header',
    },
    {
      why: 'never ends its page',
      listener: (_, response) => void response.write('x'.repeat(100_000)),
      says: 'it answered 200 with another body, without a Server header',
    },
    {
      why: 'leads elsewhere',
      listener: (_, response) =>
        response.writeHead(301, { server: 'a\u00e9'.repeat(90), location: 'https://other.test/' }).end(),
      says: `it answered 301, Server: ${'a?'.repeat(60)}, Location: https://other.test/`,
    },
  ] as readonly { readonly why: string; readonly listener: RequestListener; readonly says: string }[]) {
    t.test(`tells of another web server that ${why}`, async t => {
      const http = await listen(t, createHttpServer(listener))
      t.strictSame(await checkHttp(http), [`127.0.0.1 is another server: ${says}`])
    })
  }

  t.test('tells of a server that is no web server', async t => {
    const ssh = await startTcp(t, socket => socket.write('SSH-2.0-OpenSSH_9.2\r\n'))
    t.match(await checkHttp(ssh.port ?? 0), [/does not speak HTTP .*: another server listens there$/])
    const closing = await startTcp(t, socket => socket.end())
    t.match(await checkHttp(closing.port ?? 0), [/closes the connection without an answer/])
  })

  t.test('tells when something else ends TLS', async t => {
    const pair = challengePair(t, 'another key authorization')
    const other = ': it is another server, or something before landwaiter ends TLS'
    for (const [ALPNProtocols, says] of [
      [['h2', 'http/1.1'], `does not take acme-tls/1${other}`],
      [undefined, `does not take acme-tls/1${other}`],
    ] as const) {
      const https = await listen(
        t,
        tlsServer({ ...pair, ...(ALPNProtocols && { ALPNProtocols: [...ALPNProtocols] }) }),
      )
      t.strictSame(await checkTls(https), [`port ${https} of 127.0.0.1 ${says}`])
    }
    const https = await listen(t, tlsServer({ ...pair, ALPNProtocols: ['acme-tls/1'] }))
    t.strictSame(await checkTls(https), [
      `127.0.0.1 is another server: on port ${https} it shows another acme-tls/1 certificate`,
    ])
    const plain = await listen(t, createHttpServer(OURS))
    t.match(await checkTls(plain), [/does not finish a TLS handshake for acme-tls\/1/])
    const closing = await listen(
      t,
      createTcpServer(socket => socket.end()),
    )
    t.match(await checkTls(closing), [/does not finish a TLS handshake for acme-tls\/1/])
  })

  t.test('names the AAAA record when that alone is wrong', async t => {
    const http = await listen(t, createHttpServer(OURS))
    const hint =
      "(the A record is right, but authorities such as Let's Encrypt prefer IPv6: correct or remove the AAAA record)"
    t.strictSame(await checkHttp(http, 'both.example.test'), [
      `port ${http} of ::1 is closed: open it or forward it to listen.http ${hint}`,
    ])
    const other = createHttpServer((_, response) => response.writeHead(404, { server: 'nginx' }).end())
    await listen(t, other, { host: '::1', port: http })
    t.strictSame(await checkHttp(http, 'both.example.test'), [
      `::1 is another server: it answered 404, Server: nginx ${hint}`,
    ])
  })

  t.test('stops when it is told to', async t => {
    const stop = new AbortController()
    const { port = 0 } = await startTcp(t, () => stop.abort(new Error('stopping')))
    const preflight = createPreflight({
      resolvers: [server],
      isPublicAuthority: false,
      ports: { http: port, https: port },
    })
    const question = {
      name: 'www.example.test',
      challenges: ['http-01', 'tls-alpn-01'],
      probe: PROBE,
    } as const
    await t.rejects(preflight(question, stop.signal), { message: 'stopping' })
  })
})

t.test('reads CAA records', async t => {
  const server = await startBind(t, {
    zones: [
      {
        name: 'example.test',
        records: [
          '@ CAA 0 issue "other.example; account=1"',
          '@ CAA 0 issuewild "letsencrypt.org"',
          'le CAA 0 issue "LetsEncrypt.org; validationmethods=dns-01"',
          'none CAA 0 issue ";"',
          'mail CAA 0 iodef "mailto:a@example.test"',
          'host.le A 127.0.0.1',
        ],
      },
      { name: 'free.test' },
      { name: 'test' },
    ],
  })
  const preflight = createPreflight({
    resolvers: [server],
    isPublicAuthority: true,
    issuerDomains: ['letsencrypt.org'],
  })
  const only = (owner: string, domain: string) => [
    `the CAA record of ${owner} allows "${domain}" only: add one for letsencrypt.org`,
  ]
  for (const { name, faults, why } of [
    { name: 'free.test', faults: [], why: 'there is none' },
    { name: 'host.le.example.test', faults: [], why: 'the parent allows it' },
    { name: 'www.example.test', faults: only('example.test', 'other.example'), why: 'another is allowed' },
    { name: '*.example.test', faults: [], why: 'wildcards have their own' },
    { name: 'none.example.test', faults: only('none.example.test', ''), why: 'nobody is allowed' },
    { name: 'mail.example.test', faults: [], why: 'it is no restriction' },
  ]) {
    t.strictSame(await preflight({ name, challenges: ['dns-01'], probe: PROBE }, NEVER), faults, why)
  }
  t.match(await preflight({ name: 'a.test.org', challenges: ['dns-01'], probe: PROBE }, NEVER), [
    /^the CAA records of a\.test\.org cannot be looked up, .*REFUSED/,
  ])
})

t.test('tells private addresses from public ones', async t => {
  const privates = '10.0.0.1 172.31.0.1 192.168.1.1 100.64.0.1 127.0.0.1 169.254.1.1 0.0.0.0 255.255.255.255'
  for (const address of `${privates} ::1 :: fd00::1 fe80::1 ff02::1 2001:db8::1`.split(' ')) {
    t.notOk(isPublicAddress(address), address)
  }
  for (const address of '1.1.1.1 172.32.0.1 100.128.0.1 223.255.255.255 2606:4700::1111'.split(' ')) {
    t.ok(isPublicAddress(address), address)
  }
})
