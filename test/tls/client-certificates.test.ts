import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { CertificateName } from '../../src/tls/certificate-subject.ts'
import { readClientCa } from '../../src/tls/client-ca.ts'
import { openClientCertificates } from '../../src/tls/client-certificates.ts'
import { createServerOptions } from '../../src/tls/server-options.ts'
import { type ClientPair, createClientCa, type TestClientCa } from '../support/client-ca.ts'
import { handshake, makePair, openFiles, sClient, startServer, temporaryDirectory } from './support.ts'

interface Setting {
  readonly isRequired?: boolean
  readonly name?: CertificateName
  readonly clock?: () => number
}

/** A server for `localhost` that answers with what the client's certificate says. */
async function serve(t: Test, ca: TestClientCa, setting: Setting = {}) {
  const { isRequired = false, name = 'cn', clock = Date.now } = setting
  const clientCa = await readClientCa(ca.file)
  const directory = temporaryDirectory(t)
  const pairs = [makePair({ directory, file: 'server', names: 'DNS:localhost' })]
  const { source } = await openFiles(t, { pairs, clientCa })
  const options = createServerOptions(source, { clientAuth: { ca: clientCa, isRequired } })
  const read = await openClientCertificates({ name, clock })
  const { server, port } = await startServer(t, options)
  server.removeAllListeners('request')
  server.on('request', (req, res) => res.end(JSON.stringify(read(req.socket as TLSSocket) ?? 'none')))
  return { port, server }
}

/** What the server takes the client for: its subject, the reason of a refusal, `none`, or how the connection failed. */
async function takenFor(t: Test, port: number, options: ConnectionOptions = {}): Promise<unknown> {
  const client = await handshake(t, { port, servername: 'localhost', ...options })
  if ('code' in client) return 'no connection'
  return await ask(client)
}

async function connected(t: Test, options: ConnectionOptions): Promise<TLSSocket> {
  const client = await handshake(t, options)
  if ('code' in client) throw new Error(client.code)
  return client
}

async function ask(client: TLSSocket): Promise<unknown> {
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const text = await new Promise<string>(resolve => {
    client.once('data', chunk => resolve(chunk.toString()))
    client.once('error', () => resolve(''))
    client.once('close', () => resolve(''))
  })
  if (text === '') return 'no connection'
  const found = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4).replace(/^[\da-f]+\r\n|\r\n0?$/g, ''))
  return found.subject ?? found.reason ?? found
}

const WAYS = (['TLSv1.3', 'TLSv1.2'] as const).flatMap(maxVersion =>
  ['localhost', ''].map(servername => ({ maxVersion, servername })),
)

const REFUSED = 'the client certificate is not accepted: '

t.test(
  'takes a client for whom its certificate names, and refuses every certificate that does not verify',
  async t => {
    const ca = createClientCa(t)
    const other = createClientCa(t)
    const cases: readonly (readonly [what: string, pair: ClientPair, reason: string])[] = [
      [
        'of another CA of the same name',
        other.issue({ subject: '/CN=ci' }),
        'no CA that is trusted here has issued it',
      ],
      [
        'expired',
        ca.issue({ subject: '/CN=ci', from: '20200101000000Z', to: '20210101000000Z' }),
        'it or its CA has expired',
      ],
      ['not valid yet', ca.issue({ subject: '/CN=ci', from: '20480101000000Z' }), 'it is not valid yet'],
      [
        'of a server',
        ca.issue({ subject: '/CN=ci', usage: 'serverAuth' }),
        'it is not meant for clients (extended key usage)',
      ],
      [
        'of an unknown intermediate',
        ca.intermediate().issue({ subject: '/CN=ci' }),
        'no CA that is trusted here has issued it',
      ],
    ]
    const good = ca.issue({ subject: '/CN=ci/O=Acme/OU=build' })
    const asked = await serve(t, ca)
    const required = await serve(t, ca, { isRequired: true })
    const subject = {
      name: 'ci',
      via: 'certificate',
      labels: { cert_cn: ['ci'], cert_o: ['Acme'], cert_ou: ['build'] },
      isExternal: true,
    }
    for (const way of WAYS) {
      const text = `${way.maxVersion} ${way.servername}`
      t.strictSame(await takenFor(t, asked.port, { ...way, ...good }), subject, text)
      t.strictSame(await takenFor(t, required.port, { ...way, ...good }), subject, `${text}, required`)
      t.equal(await takenFor(t, asked.port, way), 'none', `${text}, no certificate`)
      t.equal(await takenFor(t, required.port, way), 'no connection', `${text}, none though required`)
      for (const [what, pair, reason] of cases) {
        t.equal(await takenFor(t, asked.port, { ...way, ...pair }), REFUSED + reason, `${text}, ${what}`)
        t.equal(
          await takenFor(t, required.port, { ...way, ...pair }),
          'no connection',
          `${text}, ${what}, required`,
        )
      }
    }
  },
)

t.test('never trusts a public CA beside the own ones', async t => {
  const ca = createClientCa(t)
  const { port } = await serve(t, ca)
  for (const servername of ['localhost', '']) {
    const { text } = await sClient(
      port,
      ...(servername === '' ? ['-noservername'] : ['-servername', servername]),
    )
    const names = /Acceptable client certificate CA names\n((?:.*CN.*\n)+)/.exec(text)?.[1]?.trim()
    t.equal(names?.replaceAll(' ', ''), 'CN=clients', `"${servername}"`)
  }
})

t.test(
  'accepts an intermediate that the client sends along, or that the file holds with its root',
  async t => {
    const ca = createClientCa(t)
    const below = ca.intermediate()
    const pair = below.issue({ subject: '/CN=ci' })
    const sends = await serve(t, ca)
    const cert = pair.cert + readFileSync(below.file, 'utf8')
    t.match(await takenFor(t, sends.port, { ...pair, cert }), { name: 'ci' })
    const file = join(temporaryDirectory(t), 'bundle.pem')
    writeFileSync(file, readFileSync(below.file, 'utf8') + readFileSync(ca.file, 'utf8'))
    const holds = await serve(t, { ...ca, file })
    t.match(await takenFor(t, holds.port, pair), { name: 'ci' })
  },
)

t.test('resumes no session and renegotiates none', async t => {
  const ca = createClientCa(t)
  const pair = ca.issue({ subject: '/CN=ci' })
  const { port, server } = await serve(t, ca)
  server.on('tlsClientError', () => {})
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = await connected(t, { port, servername: 'localhost', maxVersion, ...pair })
    const sessions: Buffer[] = []
    first.on('session', session => sessions.push(session))
    t.match(await ask(first), { name: 'ci' })
    const known = [...sessions, first.getSession()].filter(session => session !== undefined)
    t.ok(known.length > 0, `${maxVersion} has something to offer`)
    for (const session of known) {
      const again = await connected(t, { port, servername: 'localhost', maxVersion, session })
      t.equal(again.isSessionReused(), false, maxVersion)
      t.equal(await ask(again), 'none', 'without the certificate nothing is left of it')
    }
  }
  const client = await connected(t, { port, servername: 'localhost', maxVersion: 'TLSv1.2', ...pair })
  const failure = await new Promise<Error | null>(resolve => {
    client.once('error', resolve)
    client.renegotiate({ rejectUnauthorized: false }, resolve)
  })
  t.match(failure, { code: 'ERR_SSL_NO_RENEGOTIATION' })
})

t.test('refuses a certificate that expires while its connection lives', async t => {
  const ca = createClientCa(t)
  const pair = ca.issue({ subject: '/CN=ci', to: '20400101000000Z' })
  let now = Date.now()
  const { port } = await serve(t, ca, { clock: () => now })
  const client = await connected(t, { port, servername: 'localhost', ...pair })
  t.match(await ask(client), { name: 'ci' })
  now = Date.UTC(2040, 0, 1, 0, 0, 1)
  t.equal(await ask(client), `${REFUSED}it has expired`)
})

t.test('takes the name from where it is told, if there is exactly one that can be shown', async t => {
  const ca = createClientCa(t)
  const rows: readonly (readonly [CertificateName, Parameters<TestClientCa['issue']>[0], string])[] = [
    ['email', { subject: '/CN=x', names: 'email:ci@a.example,DNS:h.example' }, 'ci@a.example'],
    ['dns', { subject: '/CN=x', names: 'email:ci@a.example,DNS:h.example' }, 'h.example'],
    ['uri', { subject: '/CN=x', names: 'URI:spiffe://a.example/ci' }, 'spiffe://a.example/ci'],
    [
      'dns',
      { subject: '/CN=x', names: 'DNS:a.example,DNS:b.example' },
      `${REFUSED}it has more than one DNS name, so its subject is not clear`,
    ],
    ['email', { subject: '/CN=x' }, `${REFUSED}it has no e-mail address`],
    ['cn', { subject: '/O=x' }, `${REFUSED}it has no common name`],
    [
      'cn',
      { subject: '/CN=a/CN=b' },
      `${REFUSED}it has more than one common name, so its subject is not clear`,
    ],
    ['cn', { subject: '/CN=*' }, '*'],
    ['cn', { subject: '/CN=Zoë Müller' }, 'Zoë Müller'],
    ['cn', { subject: '/CN=a\u0007b' }, `${REFUSED}it has a name that is empty, too long or not printable`],
    ['cn', { subject: '/CN=a\u202eb' }, `${REFUSED}it has a name that is empty, too long or not printable`],
    ['cn', { subject: '/CN= a' }, `${REFUSED}it has a name that is empty, too long or not printable`],
    [
      'cn',
      { subject: '/CN=a/OU=b\u0007' },
      `${REFUSED}it has a name that is empty, too long or not printable`,
    ],
    [
      'cn',
      { subject: '/CN=a', names: `DNS:${'d.'.repeat(130)}` },
      `${REFUSED}it has a name that is empty, too long or not printable`,
    ],
    [
      'cn',
      { subject: '/CN=a', names: [...Array(60).keys()].map(n => `DNS:${n}${'d'.repeat(80)}`).join(',') },
      `${REFUSED}its names are more than 4 KiB`,
    ],
  ]
  const ports = new Map<string, number>()
  for (const [name, request, expected] of rows) {
    const port = ports.get(name) ?? (await serve(t, ca, { name })).port
    ports.set(name, port)
    const found = await takenFor(t, port, ca.issue(request))
    const text = typeof found === 'string' ? found : (found as { readonly name: string }).name
    t.equal(text, expected, `${name} of ${JSON.stringify(request).slice(0, 80)}`)
  }
})

t.test('refuses to start with a CA file that could not work', async t => {
  const ca = createClientCa(t)
  const leaf = ca.issue({ subject: '/CN=ci' })
  const below = ca.intermediate()
  const broken = join(temporaryDirectory(t), 'broken.pem')
  writeFileSync(broken, readFileSync(ca.file, 'utf8').slice(0, -40))
  const rows = [
    ['/does/not/exist.pem', 'cannot be read (ENOENT)'],
    [leaf.keyFile, 'holds no PEM certificate'],
    [leaf.certFile, 'holds "CN=ci", which is no CA certificate'],
    [below.file, 'holds the CA "CN=intermediate" without the root that issued it; add the root'],
    [broken, 'ends in the middle of a certificate'],
  ] as const
  for (const [file, message] of rows) {
    await t.rejects(readClientCa(file), { code: 'CERTIFICATE_FILE_INVALID', message: `${file}: ${message}` })
  }
})
