import type { DnsResolver } from './dns-resolver.ts'

/**
 * The zone that a name is in: the owner of the SOA record nearest above it; `undefined` when no server tells one.
 * Rejects as `DnsResolver.lookup`.
 */
export async function findZone(
  resolver: DnsResolver,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const labels = name.toLowerCase().split('.')
  for (let cut = 0; cut < labels.length; cut++) {
    const parent = labels.slice(cut).join('.')
    const { answers, authorities } = await resolver.lookup(parent, 'SOA', signal)
    // Behind an alias the SOA is the one of another name.
    const owner = [...answers, ...authorities].find(({ type, name }) => type === 'SOA' && isAt(parent, name))
    if (owner !== undefined) return owner.name
  }
  return undefined
}

function isAt(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`)
}
