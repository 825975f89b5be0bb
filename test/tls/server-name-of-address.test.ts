import t from 'tap'
import { serverNameOfAddress } from '../../src/tls/server-name-of-address.ts'

const ZEROS = (count: number) => '0.'.repeat(count)

for (const { why, address, expected } of [
  { why: 'IPv4', address: '192.0.2.15', expected: '15.2.0.192.in-addr.arpa' },
  {
    why: 'the example of RFC 8738',
    address: '2001:db8::1',
    expected: `1.${ZEROS(23)}8.b.d.0.1.0.0.2.ip6.arpa`,
  },
  { why: 'loopback', address: '::1', expected: `1.${ZEROS(31)}ip6.arpa` },
  { why: 'nothing but zeros', address: '::', expected: `${ZEROS(32)}ip6.arpa` },
  { why: 'zeros at the end', address: 'fe80::', expected: `${ZEROS(28)}0.8.e.f.ip6.arpa` },
  {
    why: 'no zeros left out',
    address: '2001:db8:1:2:3:4:5:6',
    expected: '6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  },
  { why: 'capitals', address: '2001:DB8::A', expected: `a.${ZEROS(23)}8.b.d.0.1.0.0.2.ip6.arpa` },
  {
    why: 'IPv4 in IPv6',
    address: '::ffff:192.0.2.1',
    expected: `1.0.2.0.0.0.0.c.f.f.f.f.${ZEROS(20)}ip6.arpa`,
  },
]) {
  t.test(`server name of an address: ${why}`, async t => {
    t.strictSame(serverNameOfAddress(address), expected)
  })
}
