import { isIP, isIPv6 } from 'node:net'
import type { ChallengeType } from '../model/certificate-authority.ts'
import { messageOf } from '../model/message-of.ts'
import { isPublicAddress } from '../policy/is-public-address.ts'
import { caaFault } from './caa-fault.ts'
import { createDnsResolver, type DnsResolver } from './dns-resolver.ts'
import { type DnsServer, dnsServersOf } from './dns-server.ts'
import type { PreflightProbe } from './preflight-probe.ts'
import { probeHttp } from './probe-http.ts'
import { probeTlsAlpn } from './probe-tls-alpn.ts'

/** Bounds the connections that one name can make us open. */
const MAX_ADDRESSES = 8
/** Less than what an authority waits. */
const PROBE_TIMEOUT_MS = 5000

/** What the checks are made with. */
export interface PreflightOptions {
  /** Where names are looked up; absent or empty: at the servers of the system. */
  readonly resolvers?: readonly DnsServer[] | undefined
  /** Where the authority connects to; 80 and 443 everywhere but in tests. */
  readonly ports?: { readonly http: number; readonly https: number } | undefined
  /** Whether the authority is on the Internet, so that it cannot reach private addresses. */
  readonly isPublicAuthority: boolean
  /** Of each probe of each address; 5 s unless told. */
  readonly timeoutMs?: number | undefined
  /** Domains of the authority in CAA records: `letsencrypt.org`. Absent: CAA is not looked at. */
  readonly issuerDomains?: readonly string[] | undefined
}

/**
 * What would keep an authority from verifying a name, as sentences for the operator, without a full stop; empty when
 * nothing is found. `challenges` are the types that the probe is answered by. It is advice: behind a router that does
 * not lead its own public address back inside, it may be wrong. Rejects with the reason of the signal only.
 */
export type Preflight = (
  question: {
    /** As in the order: a host name, a wildcard or an IP address. */
    readonly name: string
    readonly challenges: readonly ChallengeType[]
    readonly probe: PreflightProbe
  },
  signal: AbortSignal,
) => Promise<readonly string[]>

type Question = Parameters<Preflight>[0]
type Kit = Omit<PreflightOptions, 'resolvers'> & { readonly resolver: DnsResolver }
interface Finding {
  readonly address: string
  readonly faults: readonly string[]
}

/** Checks of names that look each up, and knock at each of its addresses. */
export function createPreflight(options: PreflightOptions): Preflight {
  const kit = { ...options, resolver: createDnsResolver(dnsServersOf(options.resolvers)) }
  return async (question, signal) => {
    signal.throwIfAborted()
    const [address, caa] = await Promise.all([
      addressFaults(question, kit, signal),
      authorityFaults(question, kit, signal),
    ])
    signal.throwIfAborted()
    return [...address, ...caa]
  }
}

async function authorityFaults(
  { name }: Question,
  kit: Kit,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { issuerDomains: issuers = [], resolver } = kit
  if (issuers.length === 0 || isIP(name) !== 0) return []
  const fault = await caaFault(resolver, { name, issuers }, signal)
  return fault === undefined ? [] : [fault]
}

async function addressFaults(question: Question, kit: Kit, signal: AbortSignal): Promise<readonly string[]> {
  if (!question.challenges.some(type => type === 'http-01' || type === 'tls-alpn-01')) return []
  const found = await addressesOf(question.name.replace(/^\*\./, ''), kit.resolver, signal)
  if (typeof found === 'string') return [found]
  const probed = found.slice(0, MAX_ADDRESSES).map(async (address): Promise<Finding> => {
    const faults = await faultsAt(address, question, { ...kit, signal })
    return { address, faults }
  })
  return withPreference(await Promise.all(probed))
}

/** The addresses of a name, or a sentence that says why there are none. */
async function addressesOf(
  name: string,
  resolver: DnsResolver,
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  if (isIP(name) !== 0) return [name]
  const lookups = (['A', 'AAAA'] as const).map(type => resolver.lookup(name, type, signal))
  const settled = await Promise.allSettled(lookups)
  signal.throwIfAborted()
  const replies = settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const records = replies.flatMap(({ answers }) => answers)
  const addresses = records.flatMap(answer =>
    answer.type === 'A' || answer.type === 'AAAA' ? [answer.data] : [],
  )
  if (addresses.length > 0) return addresses
  const failed = settled.find(result => result.status === 'rejected')
  if (failed !== undefined) return `${name} cannot be looked up: ${messageOf(failed.reason)}`
  return replies.some(({ rcode }) => rcode === 'NXDOMAIN')
    ? `${name} does not exist (NXDOMAIN): create an A or AAAA record that points here`
    : `${name} has no A or AAAA record: create one that points here`
}

async function faultsAt(
  address: string,
  { name, challenges, probe }: Question,
  { isPublicAuthority, ports, timeoutMs = PROBE_TIMEOUT_MS, signal }: Kit & { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (isPublicAuthority && !isPublicAddress(address)) {
    return [
      `${name} points to ${address}, a private address that a public authority cannot reach: use dns-01`,
    ]
  }
  const target = { name: name.replace(/^\*\./, ''), address, probe, timeoutMs }
  const faults = await Promise.all([
    challenges.includes('http-01') ? probeHttp({ ...target, port: ports?.http ?? 80 }, signal) : undefined,
    challenges.includes('tls-alpn-01')
      ? probeTlsAlpn({ ...target, port: ports?.https ?? 443 }, signal)
      : undefined,
  ])
  return faults.filter(fault => fault !== undefined)
}

function withPreference(findings: readonly Finding[]): readonly string[] {
  const isRightIn4 = findings.some(({ address, faults }) => !isIPv6(address) && faults.length === 0)
  return findings.flatMap(({ address, faults }) =>
    isRightIn4 && isIPv6(address)
      ? faults.map(
          fault =>
            `${fault} (the A record is right, but authorities such as Let's Encrypt prefer IPv6: correct or remove the AAAA record)`,
        )
      : faults,
  )
}
