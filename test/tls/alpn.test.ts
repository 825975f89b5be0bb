import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls'
import t, { type Test } from 'tap'
import { createListener } from '../../src/http/listen.ts'
import { createServerOptions, type TlsSettings } from '../../src/tls/server-options.ts'
import { startLandwaiter } from '../support/landwaiter.ts'
import { handshake, makePair, memoryLog, openFiles, seenBy, temporaryDirectory } from './support.ts'

const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

/** The protocol that a handshake ended with, `none` without one, or the code of its failure. */
async function chosen(t: Test, options: ConnectionOptions): Promise<string> {
  const client = await handshake(t, options)
  if ('code' in client) return client.code
  return client.alpnProtocol === false ? 'none' : String(client.alpnProtocol)
}

t.test('each name has its protocols, by the configuration', async t => {
  const both = ['h2', 'http/1.1']
  const cases = [
    { why: 'the registry by default', client: both, names: ['localhost'], expected: 'http/1.1' },
    { why: 'the registry by default', client: ['h2'], names: ['localhost'], expected: NO_PROTOCOL },
    { why: 'the realm of its own', client: both, names: ['auth.test'], expected: 'h2' },
    { why: 'the realm in any case', client: both, names: ['AUTH.test'], expected: 'h2' },
    { why: 'the realm, older client', client: ['http/1.1'], names: ['auth.test'], expected: 'http/1.1' },
    { why: 'no protocol asked for', client: undefined, names: ['localhost', 'auth.test'], expected: 'none' },
    { why: 'no name', client: both, names: [undefined], expected: 'http/1.1' },
    {
      why: 'one that we do not speak',
      client: ['h3'],
      names: ['localhost', 'auth.test'],
      expected: NO_PROTOCOL,
    },
    { why: 'nobody validates', client: ['acme-tls/1'], names: ['localhost'], expected: NO_PROTOCOL },
    {
      why: 'on demand',
      client: both,
      names: ['localhost', 'auth.test', undefined],
      expected: 'h2',
      h2: true,
    },
    {
      why: 'one name for both',
      client: both,
      names: ['localhost'],
      expected: 'http/1.1',
      auth: 'localhost:1',
    },
  ] as const
  for (const { why, client, names, expected, ...more } of cases) {
    const auth = 'auth' in more ? more.auth : 'auth.test'
    const landwaiter = await startLandwaiter(t, {
      config: {
        domains: { registry: 'localhost', auth },
        listen: { https: '127.0.0.1:0', http: 'off', admin: 'off', h2: 'h2' in more },
        registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
      },
    })
    for (const servername of names) {
      const options = {
        port: landwaiter.app.ports.https ?? 0,
        ...(servername === undefined ? {} : { servername }),
        ...(client === undefined ? {} : { ALPNProtocols: [...client] }),
      }
      t.equal(await chosen(t, options), expected, `${why}: ${servername}`)
    }
  }
})

/** A listener for `real.test`, of which `waiting.test` has a challenge and no certificate yet. */
async function serveChallenges(t: Test, pending: Map<string, SecureContext>) {
  const directory = temporaryDirectory(t)
  const real = makePair({ directory, file: 'real', names: 'DNS:real.test' })
  const proof = makePair({ directory, file: 'proof', names: 'DNS:real.test' })
  const { source } = await openFiles(t, { pairs: [real] })
  const settings: TlsSettings = { alpn: () => ['h2', 'http/1.1'], challenge: name => pending.get(name) }
  const options = createServerOptions(source, settings)
  t.teardown(() => options.close())
  let requests = 0
  const handler = () => {
    requests += 1
  }
  const listener = createListener({ tls: options.current(), log: memoryLog(), handler })
  t.teardown(() => listener.close(0))
  const port = await listener.listen({ host: '127.0.0.1', port: 0 })
  const context = createSecureContext({ key: readFileSync(proof.key), cert: readFileSync(proof.certificate) })
  return { port, context, requests: () => requests }
}

t.test('a validator is shown the challenge, and every other client the real certificate', async t => {
  const pending = new Map<string, SecureContext>()
  const { port, context, requests } = await serveChallenges(t, pending)
  pending.set('real.test', context).set('waiting.test', context)
  const seen = (ALPNProtocols: readonly string[], servername: string, version: (typeof VERSIONS)[number]) =>
    seenBy(t, {
      port,
      servername,
      ALPNProtocols: [...ALPNProtocols],
      minVersion: version,
      maxVersion: version,
    })
  for (const version of VERSIONS) {
    const [validator, again, dotted, browser, engine, mixed, waiting] = await Promise.all([
      seen(['acme-tls/1'], 'real.test', version),
      seen(['acme-tls/1'], 'REAL.test', version),
      seen(['acme-tls/1'], 'real.test.', version),
      seen(['h2', 'http/1.1'], 'real.test', version),
      seen([], 'real.test', version),
      seen(['acme-tls/1', 'http/1.1'], 'real.test', version),
      seen(['acme-tls/1'], 'waiting.test', version),
    ])
    t.strictSame([validator, again, dotted], ['proof', 'proof', 'proof'], version)
    t.strictSame([browser, engine, mixed], ['real', 'real', 'real'], version)
    t.equal(waiting, 'proof', `${version}: a name without a certificate`)
  }
  pending.clear()
  for (const version of VERSIONS) {
    t.equal(await seen(['acme-tls/1'], 'real.test', version), NO_PROTOCOL, 'when it is over')
    t.equal(await seen(['http/1.1'], 'real.test', version), 'real')
  }
  t.equal(requests(), 0)
})

t.test('a validation is ended at once and never reaches HTTP', async t => {
  const pending = new Map<string, SecureContext>()
  const { port, context, requests } = await serveChallenges(t, pending)
  pending.set('real.test', context)
  const client = await handshake(t, { port, servername: 'real.test', ALPNProtocols: ['acme-tls/1'] })
  if ('code' in client) throw new Error(client.code)
  t.equal(client.alpnProtocol, 'acme-tls/1')
  let received = ''
  client.on('data', data => {
    received += data
  })
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: real.test\r\n\r\n')
  await once(client, 'close')
  t.equal(received, '')
  t.equal(requests(), 0)
})
