import type { DnsResolver } from './dns-resolver.ts'
import type { DnsServer } from './dns-server.ts'

/** One address of an authoritative server. */
export interface NameServer {
  /** As the zone's NS record calls it. */
  readonly name: string
  readonly address: DnsServer
}

/** Bounds the queries that one zone can make us send. */
const MAX_NAMES = 16

/** Every address of every authoritative server of a zone. Rejects as `DnsResolver.lookup` when none can be found. */
export async function findNameServers(
  resolver: DnsResolver,
  { zone, port }: { readonly zone: string; readonly port: number },
  signal: AbortSignal,
): Promise<readonly NameServer[]> {
  const names = (await resolver.values(zone, 'NS', signal)).slice(0, MAX_NAMES)
  const lookups = names.flatMap(name =>
    (['A', 'AAAA'] as const).map(async type =>
      (await resolver.values(name, type, signal)).map(host => ({ name, address: { host, port } })),
    ),
  )
  const settled = await Promise.allSettled(lookups)
  signal.throwIfAborted()
  const found = settled.flatMap(result => (result.status === 'fulfilled' ? result.value : []))
  const failed = settled.find(result => result.status === 'rejected')
  if (found.length === 0 && failed !== undefined) throw failed.reason
  return found
}
