import { constants } from 'node:crypto'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { fetchSession, openConnection } from './tls-client.ts'

/** A question about a server by handshakes of Node's client, which knows what the scanners of Debian 12 do not. */
export interface TlsProbe {
  readonly name: string
  readonly ask: (port: number) => Promise<string>
}

const AES = 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256'
const CHACHA = 'TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305'
const GROUPS = 'X25519MLKEM768 X25519 P-256 P-384 P-521 X448 ffdhe2048 ffdhe3072'.split(' ')
const V12 = { maxVersion: 'TLSv1.2' } as const
const V13 = { minVersion: 'TLSv1.3' } as const
/** No ticket, so that only the session id is left. */
const NO_TICKET = { ...V12, secureOptions: constants.SSL_OP_NO_TICKET }

export const PROBES: readonly TlsProbe[] = [
  { name: 'key exchange, TLS 1.3', ask: offeredGroups },
  { name: 'key exchange with Node 24', ask: port => seen(port, {}, groupOf) },
  { name: 'ALPN', ask: offeredProtocols },
  { name: 'resumption by ticket, TLS 1.3', ask: port => resumes(port, V13) },
  { name: 'resumption by ticket, TLS 1.2', ask: port => resumes(port, V12) },
  { name: 'resumption by session id, TLS 1.2', ask: port => resumes(port, NO_TICKET) },
  { name: 'client prefers AES', ask: port => bothSuites(port, `${AES}:${CHACHA}`) },
  { name: 'client prefers ChaCha20', ask: port => bothSuites(port, `${CHACHA}:${AES}`) },
  { name: 'renegotiation by the client, TLS 1.2', ask: renegotiation },
]

async function offeredGroups(port: number): Promise<string> {
  const offered: string[] = []
  for (const ecdhCurve of GROUPS) {
    if ((await seen(port, { ...V13, ecdhCurve }, () => 'yes')) === 'yes') offered.push(ecdhCurve)
  }
  return offered.join(', ')
}

async function offeredProtocols(port: number): Promise<string> {
  const offered: string[] = []
  for (const protocol of ['h2', 'http/1.1']) {
    const chosen = await seen(port, { ALPNProtocols: [protocol] }, socket => String(socket.alpnProtocol))
    if (chosen === protocol) offered.push(protocol)
  }
  return offered.join(', ')
}

function groupOf(socket: TLSSocket): string {
  const { name = 'unknown' } = socket.getEphemeralKeyInfo() as { readonly name?: string }
  return name
}

async function resumes(port: number, options: ConnectionOptions): Promise<string> {
  const session = await fetchSession(port, options)
  return seen(port, { ...options, session }, socket => (socket.isSessionReused() ? 'yes' : 'no'))
}

async function bothSuites(port: number, ciphers: string): Promise<string> {
  const suites: string[] = []
  for (const version of [V13, V12]) {
    suites.push(await seen(port, { ...version, ciphers }, socket => suiteOf(socket)))
  }
  return [...new Set(suites)].join(', ')
}

function suiteOf(socket: TLSSocket): string {
  return /CHACHA20|AES.?\d+/.exec(socket.getCipher().name)?.[0].replace('_', '') ?? socket.getCipher().name
}

function renegotiation(port: number): Promise<string> {
  return seen(port, V12, socket => {
    const { promise, resolve } = Promise.withResolvers<string>()
    socket.once('error', () => resolve('refused'))
    socket.once('close', () => resolve('refused'))
    socket.renegotiate({}, error => resolve(error === null ? 'allowed' : 'refused'))
    return promise
  })
}

/** What `look` finds on a connection; `no` when the handshake fails. */
async function seen(
  port: number,
  options: ConnectionOptions,
  look: (socket: TLSSocket) => string | Promise<string>,
): Promise<string> {
  const socket = await openConnection(port, options).catch(() => undefined)
  if (socket === undefined) return 'no'
  try {
    return await look(socket)
  } finally {
    socket.destroy()
  }
}
