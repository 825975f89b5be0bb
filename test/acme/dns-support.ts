import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import type { DnsServer } from '../../src/acme/dns-server.ts'
import { queryDns } from '../../src/acme/query-dns.ts'
import type { Challenge } from '../../src/model/certificate-authority.ts'
import { Secret } from '../../src/model/secret.ts'
import type { BindKey } from '../support/bind.ts'
import type { Scope } from '../support/scope.ts'

/** A signal that nobody aborts. */
export const NEVER = new AbortController().signal

/** The key that the test's name server knows. */
export const BIND_KEY: BindKey = {
  name: 'landwaiter.key',
  algorithm: 'hmac-sha256',
  secret: Buffer.from('the secret of the tests, 32 byte').toString('base64'),
}

/** The same key as the publisher takes it. */
export const TSIG_KEY = { ...BIND_KEY, secret: new Secret(BIND_KEY.secret) }

/** The TXT values at a name, sorted. */
export async function textsAt(server: DnsServer, name: string): Promise<readonly string[]> {
  const { answers } = await queryDns(server, { name, type: 'TXT', recurse: false }, NEVER)
  return answers.flatMap(answer => (answer.type === 'TXT' ? [String(answer.data)] : [])).sort()
}

/** A challenge of dns-01 for a name. */
export function dnsChallenge(name: string, token = 'token'): Challenge {
  return { type: 'dns-01', name, token, keyAuthorization: `${token}.thumbprint` }
}

/** A TCP server on loopback that hands every connection to `onSocket`; closed at teardown. */
export async function startTcp(t: Scope, onSocket: (socket: Socket) => void): Promise<DnsServer> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

/** Pattern of an AcmeFailed of kind `validation`. */
export function failure(message: RegExp) {
  return { code: 'ACME_FAILED', failure: 'validation', message }
}

/** The value of the record that answers `dnsChallenge(NAME, token)`, by openssl rather than by us. */
export function valueFor(token = 'token'): string {
  const options = { input: `${token}.thumbprint` }
  return execFileSync('openssl', ['dgst', '-sha256', '-binary'], options).toString('base64url')
}
