import { setTimeout as sleep } from 'node:timers/promises'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Log } from '../model/ports.ts'
import type { DnsRecord } from './dns-publisher.ts'
import type { DnsResolver } from './dns-resolver.ts'
import { type DnsServer, describeDnsServer } from './dns-server.ts'
import { findNameServers, type NameServer } from './find-name-servers.ts'
import { queryDns } from './query-dns.ts'

const FIRST_PAUSE_MS = 200
const LAST_PAUSE_MS = 5000
/** A server that we cannot reach may be one that the authority can; those that answer decide then. */
const SILENT_ROUNDS = 3

/** What `awaitPropagation` needs to know. */
export interface PropagationOptions {
  readonly resolver: DnsResolver
  readonly timeoutMs: number
  readonly nameServerPort: number
  readonly log: Log
}

interface Watched extends NameServer {
  silent: number
  state: 'seen' | 'lacking' | 'silent'
  why: string
}

/**
 * Resolves when every authoritative server of the record's zone answers with its value; one that has not answered
 * three times is left out, unless none answers. A zone's servers are looked up once.
 * @throws AcmeFailed of kind `validation` at the timeout, naming a server without it; rejects with the signal's reason.
 */
export async function awaitPropagation(
  record: DnsRecord,
  options: PropagationOptions,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + options.timeoutMs
  const servers = (await namesOf(record, options, signal)).map(
    (server): Watched => ({ ...server, silent: 0, state: 'lacking', why: '' }),
  )
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
    const waiting = servers.filter(({ state }) => state !== 'seen')
    await Promise.all(waiting.map(server => look(server, record, signal)))
    if (isSeen(servers)) return warnOfSilent(servers, record, options.log)
    if (performance.now() + pause > end) throw notSeen(servers, record, options.timeoutMs)
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

async function namesOf(
  record: DnsRecord,
  { resolver, nameServerPort }: PropagationOptions,
  signal: AbortSignal,
): Promise<readonly NameServer[]> {
  const where = `the name servers of ${record.name}`
  try {
    const servers =
      record.zone === undefined
        ? []
        : await findNameServers(resolver, { zone: record.zone, port: nameServerPort }, signal)
    if (servers.length > 0) return servers
  } catch (cause) {
    signal.throwIfAborted()
    throw new AcmeFailed(
      'validation',
      `cannot look up ${where}: ${messageOf(cause)}; see tls.acme.dns.resolvers`,
      { cause },
    )
  }
  throw new AcmeFailed('validation', `cannot find ${where}; see tls.acme.dns.resolvers`)
}

async function look(server: Watched, record: DnsRecord, signal: AbortSignal): Promise<void> {
  try {
    const has = await hasValue(server.address, record, signal)
    server.state = has ? 'seen' : 'lacking'
    server.why = 'lacks it'
    server.silent = 0
  } catch (error) {
    signal.throwIfAborted()
    server.silent += 1
    server.state = server.silent >= SILENT_ROUNDS ? 'silent' : 'lacking'
    server.why = `does not answer: ${messageOf(error)}`
  }
}

async function hasValue(
  server: DnsServer,
  { name, value }: DnsRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const { answers } = await queryDns(server, { name, type: 'TXT', recurse: false }, signal)
  return answers.some(answer => answer.type === 'TXT' && textOf(answer.data) === value)
}

function textOf(data: string | Buffer | readonly (string | Buffer)[]): string {
  return [data].flat().map(String).join('')
}

function isSeen(servers: readonly Watched[]): boolean {
  return servers.every(({ state }) => state !== 'lacking') && servers.some(({ state }) => state === 'seen')
}

function warnOfSilent(servers: readonly Watched[], { name }: DnsRecord, log: Log): void {
  for (const server of servers.filter(({ state }) => state === 'silent')) {
    log.warn('a name server could not be asked for the record of a challenge', {
      name,
      server: describe(server),
      reason: server.why,
    })
  }
}

function notSeen(servers: readonly Watched[], { name }: DnsRecord, timeoutMs: number): AcmeFailed {
  const late = servers.filter(({ state }) => state !== 'seen')
  const list = late.map(server => `${describe(server)} ${server.why}`).join('; ')
  return new AcmeFailed(
    'validation',
    `the TXT record at ${name} is not at every name server after ${timeoutMs / 1000} s: ${list}; see tls.acme.dns.propagation_timeout`,
  )
}

function describe({ name, address }: NameServer): string {
  return `${name} (${describeDnsServer(address)})`
}
