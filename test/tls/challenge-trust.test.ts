import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import t from 'tap'
import { createChallengeAnswers } from '../../src/tls/answer-challenges.ts'
import { createServerOptions } from '../../src/tls/server-options.ts'
import { createClientCa } from '../support/client-ca.ts'
import { openStore } from './store-support.ts'
import { handshake, makePair, openFiles, startServer, temporaryDirectory } from './support.ts'

t.test('under a name that waits for its certificate no client certificate is believed', async t => {
  const [own, everybodys] = [createClientCa(t), createClientCa(t, 'public')]
  const roots = getCACertificates()
  setDefaultCACertificates([readFileSync(everybodys.file)])
  t.teardown(() => setDefaultCACertificates(roots))
  const { store } = await openStore(t)
  const { answer, contextFor } = createChallengeAnswers({ challenges: store.challenges, clock: Date.now })
  const challenge = { name: 'waiting.test', token: 'token', keyAuthorization: 'token.key' }
  await answer({ type: 'tls-alpn-01', ...challenge }, AbortSignal.timeout(10_000))
  const pair = makePair({ directory: temporaryDirectory(t), file: 'server', names: 'DNS:localhost' })
  const ca = [readFileSync(own.file, 'utf8')]
  const { source } = await openFiles(t, { pairs: [pair], clientCa: ca })
  const options = createServerOptions(source, {
    clientAuth: { ca, isRequired: false },
    challenge: contextFor,
  })
  const { server, port } = await startServer(t, options)
  const isBelieved = async (servername: string, maxVersion: 'TLSv1.2' | 'TLSv1.3', by: typeof own) => {
    const { cert, key } = by.issue({ subject: '/CN=ci' })
    const secured = once(server, 'secureConnection')
    await handshake(t, { port, servername, maxVersion, cert, key })
    const [socket]: TLSSocket[] = await secured
    return socket?.authorized
  }
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.equal(await isBelieved('localhost', version, own), true, version)
    t.equal(await isBelieved('localhost', version, everybodys), false, version)
    t.equal(await isBelieved('waiting.test', version, everybodys), false, `${version}: a public CA`)
    t.equal(await isBelieved('waiting.test', version, own), false, `${version}: nor our own`)
  }
})
