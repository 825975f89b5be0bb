import { once } from 'node:events'
import { request } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import t from 'tap'
import {
  handshake,
  makePair,
  sClient,
  seenBy,
  serveFiles,
  serveInternal,
  temporaryDirectory,
} from './support.ts'

t.test('shows each name its own certificate, which verifies under the internal root', async t => {
  const { port, source, root } = await serveInternal(t, { domains: ['localhost', 'auth.test'] })
  const ca = source.ca.certificate
  for (const { servername, options } of [
    { servername: 'localhost', options: {} },
    { servername: 'auth.test', options: {} },
    { servername: 'AUTH.test', options: {} },
    { servername: 'auth.test', options: { maxVersion: 'TLSv1.2' } },
  ] as { servername: string; options: ConnectionOptions }[]) {
    const client = await handshake(t, { port, servername, ca, rejectUnauthorized: true, ...options })
    t.match(client, { authorized: true }, servername)
  }
  t.match(
    await sClient(port, '-CAfile', root, '-verify_return_error', '-verify_ip', '127.0.0.1', '-noservername'),
    {
      ok: true,
      text: /Verify return code: 0 \(ok\)/,
    },
  )
  t.match(await sClient(port, '-servername', '127.0.0.1', '-verify_hostname', 'localhost', '-CAfile', root), {
    text: /Verify return code: 0 \(ok\)/,
  })
})

t.test('refuses an unknown name with the alert unrecognized_name', async t => {
  const { server, port } = await serveInternal(t, { domains: ['localhost'] })
  const errors: string[] = []
  server.on('tlsClientError', error => errors.push(error.message))
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const servername of ['other.test', 'xlocalhost', 'localhost.test']) {
      const options = { port, servername, maxVersion }
      t.equal(await seenBy(t, options), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME', `${servername} ${maxVersion}`)
    }
  }
  t.match(await sClient(port, '-servername', 'other.test'), {
    ok: false,
    text: /no peer certificate available/,
  })
  t.equal(errors[0], 'no certificate for the server name "other.test"')
  t.equal(await seenBy(t, { port, servername: 'localhost' }), 'localhost', 'the server goes on')
})

t.test('never shows the certificate of another name, whatever the client accepts', async t => {
  const directory = temporaryDirectory(t)
  const rsa = makePair({ directory, file: 'rsa', names: 'DNS:rsa.test', key: 'rsa:2048' })
  const ec = makePair({ directory, file: 'ec', names: 'DNS:ec.test' })
  const otherEc = makePair({ directory, file: 'other-ec', names: 'DNS:other.test', key: 'P-384' })
  const rsaOnly = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const
  const failure = 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'
  const mixed = await serveFiles(t, [rsa, ec])
  const alike = await serveFiles(t, [ec, otherEc])
  for (const { port, client, seen, why } of [
    { port: mixed.port, client: { servername: 'ec.test' }, seen: 'ec', why: 'second of two types' },
    { port: mixed.port, client: { servername: 'rsa.test' }, seen: 'rsa', why: 'first of two types' },
    { port: mixed.port, client: { servername: 'rsa.test', ...rsaOnly }, seen: 'rsa', why: 'RSA only' },
    {
      port: mixed.port,
      client: { servername: 'ec.test', ...rsaOnly },
      seen: failure,
      why: 'RSA only, EC name',
    },
    {
      port: mixed.port,
      client: { servername: 'ec.test', sigalgs: 'rsa_pss_rsae_sha256' },
      seen: failure,
      why: 'RSA only in TLS 1.3',
    },
    { port: mixed.port, client: {}, seen: failure, why: 'two types have no default' },
    { port: alike.port, client: { servername: 'ec.test' }, seen: 'ec', why: 'first of one type' },
    { port: alike.port, client: { servername: 'other.test' }, seen: 'other-ec', why: 'second of one type' },
    { port: alike.port, client: {}, seen: 'ec', why: 'the first is the default' },
  ] as { port: number; client: ConnectionOptions; seen: string; why: string }[]) {
    t.equal(await seenBy(t, { port, ...client }), seen, why)
  }
})

t.test('offers TLS 1.2 and 1.3, HTTP/1.1 and modern suites only', async t => {
  const { port, options: served } = await serveInternal(t, { domains: ['localhost'] })
  t.match(served.current(), { minVersion: 'TLSv1.2', honorCipherOrder: true, handshakeTimeout: 10_000 })
  const strict = await serveFiles(
    t,
    [makePair({ directory: temporaryDirectory(t), file: 'strict', names: 'DNS:localhost' })],
    { minVersion: 'TLSv1.3', ecdhCurve: 'P-384' },
  )
  const chosen = await serveFiles(
    t,
    [makePair({ directory: temporaryDirectory(t), file: 'chosen', names: 'DNS:localhost' })],
    { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
  )
  const old = { minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  for (const { why, on = port, client: options, expected } of [
    { why: 'TLS 1.3 first', client: {}, expected: 'TLSv1.3 TLS_AES_128_GCM_SHA256 false' },
    {
      why: 'TLS 1.2',
      client: { maxVersion: 'TLSv1.2' },
      expected: 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 false',
    },
    {
      why: 'TLS 1.1',
      client: { maxVersion: 'TLSv1.1', ...old },
      expected: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    },
    {
      why: 'no authenticated encryption',
      client: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' },
      expected: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    },
    {
      why: 'both',
      client: { ALPNProtocols: ['h2', 'http/1.1'] },
      expected: 'TLSv1.3 TLS_AES_128_GCM_SHA256 http/1.1',
    },
    {
      why: 'HTTP/2 only',
      client: { ALPNProtocols: ['h2'] },
      expected: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    },
    {
      why: 'setting: version',
      on: strict.port,
      client: { maxVersion: 'TLSv1.2' },
      expected: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    },
    {
      why: 'setting: curve',
      on: strict.port,
      client: { ecdhCurve: 'X25519' },
      expected: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    },
    {
      why: 'setting: curve',
      on: strict.port,
      client: { ecdhCurve: 'P-384' },
      expected: 'TLSv1.3 TLS_AES_128_GCM_SHA256 false',
    },
    {
      why: 'setting: suites',
      on: chosen.port,
      client: { maxVersion: 'TLSv1.2' },
      expected: 'TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384 false',
    },
    {
      why: 'setting: suites leave TLS 1.3 alone',
      on: chosen.port,
      client: {},
      expected: 'TLSv1.3 TLS_AES_128_GCM_SHA256 false',
    },
  ] as { why: string; on?: number; client: ConnectionOptions; expected: string }[]) {
    const client = await handshake(t, { port: on, servername: 'localhost', ...options })
    const seen =
      'code' in client
        ? client.code
        : `${client.getProtocol()} ${client.getCipher().name} ${client.alpnProtocol}`
    t.equal(seen, expected, why)
  }
})

t.test('answers requests of an ordinary HTTPS client that trusts the root', async t => {
  const { port, source } = await serveInternal(t, { domains: ['localhost'] })
  for (const host of ['localhost', '127.0.0.1']) {
    const outgoing = request({ host, port, ca: source.ca.certificate, agent: false, family: 4 }).end()
    const [response] = await once(outgoing, 'response')
    t.equal(response.statusCode, 200, host)
    response.resume()
  }
})
