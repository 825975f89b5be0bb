import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import t from 'tap'
import {
  type Cleanup,
  handshake,
  makePair,
  seenBy,
  serveFiles,
  serveInternal,
  temporaryDirectory,
} from './support.ts'

t.test('resumes sessions across a change of certificates and until the ticket key is rotated', async t => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    let now = Date.now()
    const { port, source, options } = await serveInternal(t, { domains: ['localhost'], clock: () => now })
    const connection = { port, servername: 'localhost', maxVersion }
    const session = await sessionOf(t, connection)
    const resumes = async () => {
      const client = await handshake(t, { ...connection, session })
      return 'code' in client ? client.code : client.isSessionReused()
    }
    t.equal(await resumes(), true, maxVersion)
    now += 80 * 86_400_000
    await source.renew()
    t.equal(await resumes(), true, `${maxVersion}: after a renewal`)
    options.rotateTicketKey()
    t.equal(await resumes(), false, `${maxVersion}: after a rotation`)
    const later = await sessionOf(t, connection)
    now += 80 * 86_400_000
    await source.renew()
    const client = (await handshake(t, { ...connection, session: later })) as TLSSocket
    t.equal(client.isSessionReused(), true, `${maxVersion}: a renewal keeps the rotated key`)
  }
})

async function sessionOf(t: Cleanup, options: ConnectionOptions): Promise<Buffer> {
  const client = (await handshake(t, options)) as TLSSocket
  if (client.getProtocol() === 'TLSv1.2') return client.getSession() as Buffer
  const [session] = await once(client, 'session')
  return session
}

t.test('changes certificates under a running server and leaves open connections alone', async t => {
  const directory = temporaryDirectory(t)
  const live = makePair({ directory, file: 'live', names: 'DNS:a.test' })
  const next = makePair({ directory, file: 'next', names: 'DNS:a.test,DNS:b.test', key: 'rsa:2048' })
  const { port, source } = await serveFiles(t, [live])
  const open = (await handshake(t, { port, servername: 'a.test' })) as TLSSocket
  copyFileSync(next.certificate, live.certificate)
  copyFileSync(next.key, live.key)
  await source.reload()
  for (const client of [{ servername: 'a.test' }, { servername: 'b.test' }, {}]) {
    t.equal(await seenBy(t, { port, ...client }), 'next', JSON.stringify(client))
  }
  t.equal(await seenBy(t, { port, servername: 'c.test' }), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME')
  t.equal(
    await seenBy(t, { port, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  )

  const answer = once(open, 'data')
  open.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  t.match(String((await answer)[0]), /^HTTP\/1\.1 200 /)

  writeFileSync(live.key, 'wrong')
  await source.reload()
  t.equal(await seenBy(t, { port, servername: 'a.test' }), 'next', 'a wrong pair changes nothing')
})
