import { createHash, generateKeyPairSync, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { isIPv4 } from 'node:net'
import { createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls'
import { type AcmeAuthorityOptions, createAcmeAuthority } from '../../src/acme/acme-authority.ts'
import type {
  AcmeAccount,
  AcmeAccounts,
  AnswerChallenge,
  CertificateAuthority,
  CertificateOrder,
  Challenge,
} from '../../src/model/certificate-authority.ts'
import type { AcmeFailed } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { startGate } from '../support/acme-gate.ts'
import type { Pebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'
import { memoryLog } from '../tls/support.ts'

/** Accounts in memory, with what was done to them. */
export function memoryAccounts() {
  const stored = new Map<string, AcmeAccount>()
  const writes: ('key' | 'url')[] = []
  let last: Promise<unknown> = Promise.resolve()
  const accounts: AcmeAccounts = {
    read: async authority => stored.get(authority),
    write: async (authority, account) => {
      writes.push(account.url === undefined ? 'key' : 'url')
      stored.set(authority, account)
    },
    exclusively: (_authority, work) => {
      const result = last.then(work, work)
      last = result
      return result
    },
  }
  return { ...accounts, stored, writes }
}

/** A new key for a certificate. */
export function newKey(): Secret {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

/** An order by http-01, with the URLs that it was told. */
export function orderOf(names: readonly string[], change: Partial<CertificateOrder> = {}) {
  const urls: string[] = []
  const onOrder = async (url: string) => void urls.push(url)
  return { names, key: newKey(), challenges: ['http-01'], onOrder, urls, ...change } as const
}

/** Whatever an answerer keeps: what is published now, and all that ever was. */
export interface Answerer {
  readonly answer: AnswerChallenge
  readonly published: ReadonlySet<Challenge>
  readonly history: readonly Challenge[]
}

/** Answers all three types of challenge where `pebble` looks for them. */
export async function startAnswerer(t: Scope, pebble: Pebble): Promise<Answerer> {
  const published = new Set<Challenge>()
  const history: Challenge[] = []
  const contexts = new Map<string, SecureContext>()
  await serveHttp(t, pebble.httpPort, published)
  await serveTls(t, pebble.tlsPort, contexts)
  const answer: AnswerChallenge = async challenge => {
    published.add(challenge)
    history.push(challenge)
    const record = `_acme-challenge.${challenge.name}`
    if (challenge.type === 'tls-alpn-01')
      contexts.set(sniOf(challenge.name), await challengeContext(challenge))
    if (challenge.type === 'dns-01') await pebble.setTxt(record, digestOf(challenge).toString('base64url'))
    return async () => {
      published.delete(challenge)
      if (challenge.type === 'tls-alpn-01') contexts.delete(sniOf(challenge.name))
    }
  }
  return { answer, published, history }
}

async function serveHttp(t: Scope, port: number, published: ReadonlySet<Challenge>): Promise<void> {
  const server = createHttpServer((request, response) => {
    const found = [...published].find(
      one => one.type === 'http-01' && request.url === `/.well-known/acme-challenge/${one.token}`,
    )
    response.writeHead(found === undefined ? 404 : 200).end(found?.keyAuthorization)
  })
  t.teardown(() => server.close())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

async function serveTls(t: Scope, port: number, contexts: ReadonlyMap<string, SecureContext>): Promise<void> {
  const server = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (name, done) => done(null, contexts.get(name.toLowerCase())),
  })
  server.on('secureConnection', socket => socket.on('error', () => undefined).end())
  t.teardown(() => server.close())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** RFC 8738 §6. */
function sniOf(name: string): string {
  return isIPv4(name) ? `${name.split('.').reverse().join('.')}.in-addr.arpa` : name
}

function digestOf({ keyAuthorization }: Challenge): Buffer {
  return createHash('sha256').update(keyAuthorization).digest()
}

/** RFC 8737 §3. */
async function challengeContext(challenge: Challenge): Promise<SecureContext> {
  const x509 = await import('@peculiar/x509')
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const digest = Buffer.concat([Buffer.of(0x04, 0x20), digestOf(challenge)])
  const type = isIPv4(challenge.name) ? 'ip' : 'dns'
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=challenge',
      notAfter: new Date(Date.now() + 3_600_000),
      keys: {
        privateKey: pair.privateKey.toCryptoKey(algorithm, false, ['sign']),
        publicKey: pair.publicKey.toCryptoKey(algorithm, true, ['verify']),
      },
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type, value: challenge.name }]),
        new x509.Extension('1.3.6.1.5.5.7.1.31', true, digest),
      ],
    },
    webcrypto,
  )
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return createSecureContext({ cert: certificate.toString('pem'), key })
}

/** An authority at `directory` (pebble's unless told) with its log and accounts; closed at teardown. */
export function openAuthority(
  t: Scope,
  pebble: Pick<Pebble, 'directory' | 'caRoot'>,
  options: Partial<AcmeAuthorityOptions> = {},
) {
  const log = memoryLog()
  const accounts = memoryAccounts()
  const authority: CertificateAuthority = createAcmeAuthority({
    id: 'pebble',
    directory: pebble.directory,
    caRoots: pebble.caRoot,
    accounts,
    answer: async () => async () => undefined,
    log,
    clock: Date.now,
    ...options,
  })
  t.teardown(() => authority.close())
  return { authority, log, accounts }
}

/** An authority behind a gate of its own. */
export async function openBehindGate(t: Scope, pebble: Pebble, options: Partial<AcmeAuthorityOptions> = {}) {
  const gate = await startGate(t, pebble)
  return { ...openAuthority(t, { ...pebble, directory: gate.directory }, options), gate }
}

/** What a promise was rejected with, for a look at its parts; throws when it was not. */
export async function failureOf(promise: Promise<unknown>): Promise<AcmeFailed> {
  try {
    await promise
  } catch (error) {
    return error as AcmeFailed
  }
  throw new Error('it did not fail')
}

/** A signal that nobody aborts. */
export function never(): AbortSignal {
  return new AbortController().signal
}
