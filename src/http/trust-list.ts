import { BlockList, isIP } from 'node:net'

/** A function that tells whether an address is among `entries`, addresses and CIDR ranges; IPv4 not as `::ffff:…`. */
export function trustList(entries: readonly string[]): (ip: string) => boolean {
  if (entries.length === 0) return () => false
  const lists = { 4: new BlockList(), 6: new BlockList() }
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address)
    if (family !== 4 && family !== 6) continue
    const name = family === 4 ? 'ipv4' : 'ipv6'
    lists[family].addSubnet(address, prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix), name)
  }
  return ip => {
    const family = isIP(ip)
    if (family === 4) return lists[4].check(ip, 'ipv4')
    return family === 6 && lists[6].check(ip, 'ipv6')
  }
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:a.b.c.d`, in its own form. */
export function unmapped(ip: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice(7) : ip
}
