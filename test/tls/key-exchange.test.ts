import type { ConnectionOptions, TLSSocket } from 'node:tls'
import t from 'tap'
import { handshake, makePair, serveFiles, serveInternal, temporaryDirectory } from './support.ts'

const REFUSED = 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'

t.test('agrees on the post-quantum hybrid where both can, and on no costly group', async t => {
  const { port } = await serveInternal(t, { domains: ['localhost'] })
  for (const [groups, expected] of [
    ['auto', 'X25519MLKEM768'],
    ['X25519MLKEM768', 'X25519MLKEM768'],
    ['*X25519:X25519MLKEM768', 'X25519MLKEM768'],
    ['X25519:P-256', 'X25519'],
    ['P-256', 'prime256v1'],
    ['P-384', 'secp384r1'],
    ['P-521', REFUSED],
    ['X448', REFUSED],
    ['ffdhe2048', REFUSED],
    ['ffdhe3072', REFUSED],
  ] as const) {
    const client = await handshake(t, { port, servername: 'localhost', ecdhCurve: groups })
    t.equal('code' in client ? client.code : groupOf(client), expected, groups)
  }
})

t.test('takes the groups of the settings instead', async t => {
  const pair = makePair({ directory: temporaryDirectory(t), file: 'one', names: 'DNS:localhost' })
  const { port } = await serveFiles(t, [pair], { ecdhCurve: 'P-521' })
  for (const [groups, expected] of [
    ['auto', 'secp521r1'],
    ['X25519', REFUSED],
  ] as const) {
    const client = await handshake(t, { port, servername: 'localhost', ecdhCurve: groups })
    t.equal('code' in client ? client.code : groupOf(client), expected, groups)
  }
})

function groupOf(client: TLSSocket): unknown {
  const { name } = client.getEphemeralKeyInfo() as { readonly name?: string }
  return name
}

t.test('prefers AES, except for clients that prefer ChaCha20', async t => {
  const { port } = await serveInternal(t, { domains: ['localhost'] })
  const aes = 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'
  const strongAes = 'TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384'
  const chacha = 'TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305'
  for (const { maxVersion, ciphers, expected } of [
    { maxVersion: 'TLSv1.3', ciphers: `${chacha}:${aes}`, expected: 'TLS_CHACHA20_POLY1305_SHA256' },
    { maxVersion: 'TLSv1.3', ciphers: `${aes}:${chacha}`, expected: 'TLS_AES_128_GCM_SHA256' },
    { maxVersion: 'TLSv1.3', ciphers: `${strongAes}:${aes}`, expected: 'TLS_AES_128_GCM_SHA256' },
    { maxVersion: 'TLSv1.2', ciphers: `${chacha}:${aes}`, expected: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
    { maxVersion: 'TLSv1.2', ciphers: `${aes}:${chacha}`, expected: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    { maxVersion: 'TLSv1.2', ciphers: `${strongAes}:${aes}`, expected: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  ] as (ConnectionOptions & { expected: string })[]) {
    const client = await handshake(t, {
      port,
      servername: 'localhost',
      maxVersion,
      ciphers,
    } as ConnectionOptions)
    t.equal('code' in client ? client.code : client.getCipher().name, expected, `${maxVersion} ${ciphers}`)
  }
})

t.test('refuses renegotiation of TLS 1.2 at once', async t => {
  const { port } = await serveInternal(t, { domains: ['localhost'] })
  const client = (await handshake(t, { port, servername: 'localhost', maxVersion: 'TLSv1.2' })) as TLSSocket
  const outcome = new Promise<string | undefined>(resolve => {
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    client.renegotiate({ rejectUnauthorized: false }, error => {
      if (error === null) resolve('renegotiated')
    })
  })
  t.equal(await outcome, 'ERR_SSL_NO_RENEGOTIATION')
})
