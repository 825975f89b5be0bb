import { isIPv4 } from 'node:net'

/** The server name that an authority sends to prove an IP address: its reverse DNS name. Spec: RFC 8738 §6. */
export function serverNameOfAddress(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  return `${[...hexDigits(address)].reverse().join('.')}.ip6.arpa`
}

/** All 32 digits of an IPv6 address. */
function hexDigits(address: string): string {
  // A URL knows no dotted end, as of ::ffff:192.0.2.1, and no capitals.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...after]
    .map(group => group.padStart(4, '0'))
    .join('')
}
