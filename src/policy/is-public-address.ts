import { BlockList, isIPv6 } from 'node:net'

/** Spec: IANA registries of special-purpose addresses, RFC 6890. */
const RESERVED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/127',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:db8::/32',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
] as const

const reserved = new BlockList()
for (const network of RESERVED) {
  const [address = '', length] = network.split('/')
  reserved.addSubnet(address, Number(length), isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** Whether an IP address can be reached from the Internet at all; private and reserved ones cannot. */
export function isPublicAddress(address: string): boolean {
  return !reserved.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
