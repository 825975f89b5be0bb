import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerChallenge, Challenge } from '../model/certificate-authority.ts'
import { messageOf } from '../model/message-of.ts'
import type { Log } from '../model/ports.ts'
import { awaitPropagation } from './await-propagation.ts'
import type { DnsPublisher, DnsRecord } from './dns-publisher.ts'
import { createDnsResolver, type DnsResolver } from './dns-resolver.ts'
import { type DnsServer, dnsServersOf } from './dns-server.ts'
import { findZone } from './find-zone.ts'
import { followAlias } from './follow-alias.ts'

const PROPAGATION_TIMEOUT_MS = 120_000
/** Of what takes a record away, also when we stop. */
const REMOVAL_TIMEOUT_MS = 60_000
const NAME_SERVER_PORT = 53

/** How challenges of the type dns-01 are answered. */
export interface DnsAnswerOptions {
  readonly publisher: DnsPublisher
  /** Where names are looked up; absent or empty: at the servers of the system. */
  readonly resolvers?: readonly DnsServer[] | undefined
  /** How long every authoritative server may take to have the record; 0: they are not asked. 120 s unless told. */
  readonly propagationTimeoutMs?: number | undefined
  /** Waited after that; 0 unless told. */
  readonly propagationWaitMs?: number | undefined
  /** Where authoritative servers listen; 53 everywhere but in tests. */
  readonly nameServerPort?: number | undefined
  readonly log: Log
}

/**
 * Answers dns-01 by a TXT record at `_acme-challenge.NAME`, or where a CNAME record there points to. Resolves when all
 * authoritative servers have it; until then a failure or an abort takes it away again. Taking it away leaves other
 * values at the name alone and never rejects: a failure is logged. Spec: RFC 8555 §8.4.
 */
export function createDnsAnswer(options: DnsAnswerOptions): AnswerChallenge {
  const resolver = createDnsResolver(dnsServersOf(options.resolvers))
  return async (challenge, signal) => {
    signal.throwIfAborted()
    const record = await recordFor(challenge, resolver, signal)
    let published = false
    try {
      await options.publisher.publish(record, signal)
      published = true
      await seen(record, { ...options, resolver }, signal)
    } catch (error) {
      // Also when publishing failed: a killed hook may have done its work.
      await remove(record, options, published)
      throw error
    }
    return () => remove(record, options, true)
  }
}

async function recordFor(
  { name, keyAuthorization }: Challenge,
  resolver: DnsResolver,
  signal: AbortSignal,
): Promise<DnsRecord> {
  const value = createHash('sha256').update(keyAuthorization).digest('base64url')
  const target = await followAlias(resolver, `_acme-challenge.${name}`, signal)
  return { name: target, value, zone: await zoneOf(target, resolver, signal) }
}

// Not every hook needs it, so that a failure counts only when its name servers are looked up.
async function zoneOf(name: string, resolver: DnsResolver, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await findZone(resolver, name, signal)
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function seen(
  record: DnsRecord,
  options: DnsAnswerOptions & { readonly resolver: DnsResolver },
  signal: AbortSignal,
): Promise<void> {
  const {
    resolver,
    log,
    propagationTimeoutMs: timeoutMs = PROPAGATION_TIMEOUT_MS,
    propagationWaitMs = 0,
    nameServerPort = NAME_SERVER_PORT,
  } = options
  if (timeoutMs > 0) await awaitPropagation(record, { resolver, timeoutMs, nameServerPort, log }, signal)
  await sleep(propagationWaitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
}

async function remove(
  record: DnsRecord,
  { publisher, log }: DnsAnswerOptions,
  wasPublished: boolean,
): Promise<void> {
  try {
    await publisher.remove(record, AbortSignal.timeout(REMOVAL_TIMEOUT_MS))
  } catch (error) {
    const fields = { name: record.name, reason: messageOf(error) }
    if (wasPublished) log.warn('the TXT record of a challenge could not be removed', fields)
    else log.debug('no TXT record of the challenge to remove', fields)
  }
}
