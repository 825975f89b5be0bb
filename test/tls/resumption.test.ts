import { constants } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import t from 'tap'
import { type Cleanup, handshake, makePair, serveFiles, temporaryDirectory } from './support.ts'

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

t.test('resumes across a swap to a certificate of another key type, not across a rotation', async t => {
  const directory = temporaryDirectory(t)
  for (const maxVersion of VERSIONS) {
    const live = makePair({ directory, file: `live-${maxVersion}`, names: 'DNS:a.test' })
    const next = makePair({ directory, file: `next-${maxVersion}`, names: 'DNS:a.test', key: 'rsa:2048' })
    const { port, source, options } = await serveFiles(t, [live])
    const connection = { port, servername: 'a.test', maxVersion }
    const before = await sessionOf(t, connection)
    copyFileSync(next.certificate, live.certificate)
    copyFileSync(next.key, live.key)
    await source.reload()
    t.equal(await resume(t, { ...connection, session: before }), 'resumed', maxVersion)
    const after = await sessionOf(t, connection)
    options.rotateTicketKey()
    for (const session of [before, after]) {
      t.equal(await resume(t, { ...connection, session }), `next-${maxVersion}`)
    }
    const later = await sessionOf(t, connection)
    t.equal(await resume(t, { ...connection, session: later }), 'resumed', `${maxVersion}: the new key`)
  }
})

t.test('resumes for the name of the session only', async t => {
  const directory = temporaryDirectory(t)
  const pairs = [
    makePair({ directory, file: 'a', names: 'DNS:a.test' }),
    makePair({ directory, file: 'b', names: 'DNS:b.test' }),
  ]
  for (const maxVersion of VERSIONS) {
    const { port } = await serveFiles(t, pairs)
    for (const [of, asked, shown] of [
      ['a.test', 'b.test', 'b'],
      ['b.test', 'a.test', 'a'],
      ['b.test', undefined, 'a'],
    ] as const) {
      const session = await sessionOf(t, { port, servername: of, maxVersion })
      const name = asked === undefined ? {} : { servername: asked }
      t.equal(
        await resume(t, { port, maxVersion, session, ...name }),
        shown,
        `${maxVersion} ${of} as ${asked}`,
      )
    }
  }
})

t.test('does not resume for a name whose certificate is gone', async t => {
  const directory = temporaryDirectory(t)
  for (const maxVersion of VERSIONS) {
    const live = makePair({ directory, file: `live-${maxVersion}`, names: 'DNS:a.test,DNS:b.test' })
    const next = makePair({ directory, file: `next-${maxVersion}`, names: 'DNS:b.test' })
    const { port, source } = await serveFiles(t, [live])
    const connection = { port, servername: 'a.test', maxVersion }
    const session = await sessionOf(t, connection)
    copyFileSync(next.certificate, live.certificate)
    copyFileSync(next.key, live.key)
    await source.reload()
    t.equal(await resume(t, { ...connection, session }), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME', maxVersion)
  }
})

t.test('keeps no sessions of its own for clients without tickets', async t => {
  const pair = makePair({ directory: temporaryDirectory(t), file: 'one', names: 'DNS:a.test' })
  const { port } = await serveFiles(t, [pair])
  const connection = {
    port,
    servername: 'a.test',
    maxVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const
  const session = await sessionOf(t, connection)
  t.equal(await resume(t, { ...connection, session }), 'one')
})

async function sessionOf(t: Cleanup, options: ConnectionOptions): Promise<Buffer> {
  const client = (await handshake(t, options)) as TLSSocket
  if (client.getProtocol() === 'TLSv1.2') return client.getSession() as Buffer
  const [session] = await once(client, 'session')
  return session
}

/** `resumed`, or the common name that the client was shown, or the code of the failure. */
async function resume(t: Cleanup, options: ConnectionOptions): Promise<string> {
  const client = await handshake(t, options)
  if ('code' in client) return client.code
  return client.isSessionReused() ? 'resumed' : String(client.getPeerCertificate().subject.CN)
}
