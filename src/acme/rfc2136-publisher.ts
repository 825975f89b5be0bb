import { randomInt } from 'node:crypto'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock, Log } from '../model/ports.ts'
import { exchangeDns } from './dns-exchange.ts'
import type { DnsPublisher, DnsRecord } from './dns-publisher.ts'
import { createDnsResolver } from './dns-resolver.ts'
import { type DnsServer, describeDnsServer } from './dns-server.ts'
import { encodeDnsUpdate } from './dns-update.ts'
import { findZone } from './find-zone.ts'
import { signDns, type TsigKey, type TsigVerdict, verifyDns } from './tsig.ts'
import { updateFault } from './update-fault.ts'

const TIMEOUT_MS = 15_000

/** The name server that takes changes. */
export interface Rfc2136Options {
  readonly server: DnsServer
  /** The zone to change; found out by asking the server when it is not given. */
  readonly zone?: string | undefined
  /** Changes are not signed without it. */
  readonly key?: TsigKey | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * A publisher that changes a zone by dynamic updates over TCP, signed by TSIG; answers must be signed too.
 * Spec: RFC 2136, RFC 8945.
 */
export function createRfc2136Publisher(options: Rfc2136Options): DnsPublisher {
  return {
    publish: (record, signal) => update('add', record, { ...options, signal }),
    remove: (record, signal) => update('remove', record, { ...options, signal }),
  }
}

type Update = Rfc2136Options & { readonly signal: AbortSignal }

async function update(change: 'add' | 'remove', record: DnsRecord, options: Update): Promise<void> {
  const { server, key, signal, log } = options
  const { name, value } = record
  const zone = options.zone ?? (await zoneAtServer(record, options))
  const message = encodeDnsUpdate({ id: randomInt(0x10000), zone, name, value, change })
  const { rcode, verdict } = await exchange(message, options)
  signal.throwIfAborted()
  const fault = updateFault({ rcode, verdict, key, zone, now: seconds(options.clock) })
  if (fault !== undefined) {
    throw new AcmeFailed('validation', `the name server ${describeDnsServer(server)} ${fault}`)
  }
  log.debug('a name server has taken a change', { change, name, zone })
}

async function exchange(
  message: Buffer,
  { server, key, clock, signal }: Update,
): Promise<{ readonly rcode: number; readonly verdict: TsigVerdict | undefined }> {
  const signed = key === undefined ? undefined : signDns(message, key, seconds(clock))
  const reply = await ask(server, signed?.bytes ?? message, signal)
  const verdict = key && signed && verifyDns(reply, { key, requestMac: signed.mac }, seconds(clock))
  return { rcode: reply.readUInt16BE(2) & 0xf, verdict }
}

async function ask(server: DnsServer, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  try {
    return await exchangeDns(server, message, { over: 'tcp', timeoutMs: TIMEOUT_MS, signal })
  } catch (cause) {
    throw asFailure(cause, signal)
  }
}

async function zoneAtServer({ name }: DnsRecord, { server, signal }: Update): Promise<string> {
  const zone = await findZone(createDnsResolver([server]), name, signal).catch(cause => {
    throw asFailure(cause, signal)
  })
  if (zone !== undefined) return zone
  throw new AcmeFailed(
    'validation',
    `the name server ${describeDnsServer(server)} has no zone for ${name}: see tls.acme.dns.rfc2136.server and zone`,
  )
}

function asFailure(cause: unknown, signal: AbortSignal): AcmeFailed {
  signal.throwIfAborted()
  return new AcmeFailed('validation', `${messageOf(cause)}: see tls.acme.dns.rfc2136.server`, { cause })
}

function seconds(clock: Clock): number {
  return Math.floor(clock() / 1000)
}
