import t from 'tap'
import { createClientAddress } from '../../src/http/client-address.ts'

t.test('the client address comes from the peer unless the peer is a trusted proxy', async t => {
  const address = createClientAddress({ trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'] })
  const cases = [
    {
      peer: '203.0.113.9',
      forwarded: '1.1.1.1',
      ip: '203.0.113.9',
      why: 'an untrusted peer cannot name another',
    },
    { peer: '::ffff:203.0.113.9', forwarded: undefined, ip: '203.0.113.9', why: 'a mapped address is IPv4' },
    { peer: '10.1.2.3', forwarded: '1.1.1.1', ip: '1.1.1.1', why: 'a trusted proxy names the client' },
    { peer: '::ffff:10.1.2.3', forwarded: '1.1.1.1', ip: '1.1.1.1', why: 'mapped proxies are trusted too' },
    { peer: '10.1.2.3', forwarded: '6.6.6.6, 1.1.1.1, 10.9.9.9', ip: '1.1.1.1', why: 'rightmost untrusted' },
    {
      peer: '10.1.2.3',
      forwarded: '6.6.6.6, unix:',
      ip: '10.1.2.3',
      why: 'behind an entry that is no address nothing is believed',
    },
    { peer: '10.1.2.3', forwarded: '1.1.1.1:4711', ip: '1.1.1.1', why: 'a port is cut off' },
    { peer: '10.1.2.3', forwarded: '[2001:db9::1]:80', ip: '2001:db9::1', why: 'brackets are cut off' },
    {
      peer: '10.1.2.3',
      forwarded: undefined,
      ip: '10.1.2.3',
      why: 'without a header the proxy is the client',
    },
    { peer: '2001:db8::5', forwarded: '1.1.1.1', ip: '1.1.1.1', why: 'IPv6 ranges' },
    { peer: '192.0.2.1', forwarded: '1.1.1.1', ip: '1.1.1.1', why: 'a single address' },
    { peer: '192.0.2.2', forwarded: '1.1.1.1', ip: '192.0.2.2', why: 'not its neighbour' },
  ]
  for (const { peer, forwarded, ip, why } of cases) {
    t.match(address(peer, { 'x-forwarded-for': forwarded }), { ip, isProxied: !/203|\.2$/.test(peer) }, why)
  }
})

t.test("docker_auth's real_ip_header counts from the left, negative positions from the right", async t => {
  const list = '1.1.1.1, 2.2.2.2,3.3.3.3'
  const cases: readonly (readonly [position: number, value: string | undefined, expected: object])[] = [
    [0, list, { ip: '1.1.1.1' }],
    [1, list, { ip: '2.2.2.2' }],
    [-1, list, { ip: '3.3.3.3' }],
    [-2, list, { ip: '2.2.2.2' }],
    [-5, list, { ip: '1.1.1.1' }],
    [5, list, { fault: 'client address not provided' }],
    [0, undefined, { fault: 'client address not provided' }],
    [0, '', { fault: 'client address not provided' }],
    [0, 'bogus', { fault: 'client address is not an IP address' }],
    [0, 'unknown', { fault: 'client address is not an IP address' }],
    [0, 'fe80::1%eth0', { fault: 'client address is not an IP address' }],
    [0, '[::1]:80', { ip: '::1' }],
    [0, '1.1.1.1:80', { ip: '1.1.1.1' }],
  ]
  for (const [position, value, expected] of cases) {
    const address = createClientAddress({
      trustedProxies: [],
      trustAll: true,
      realIp: { header: 'X-Real-IP', position },
    })
    t.match(address('127.0.0.1', { 'x-real-ip': value }), expected, `position ${position} of ${value}`)
  }
})

t.test('a header named by real_ip_header is ignored from a peer that is not trusted', async t => {
  const address = createClientAddress({
    trustedProxies: ['10.0.0.1'],
    realIp: { header: 'X-Real-IP', position: 0 },
  })
  t.strictSame(address('203.0.113.9', { 'x-real-ip': '1.1.1.1' }), { ip: '203.0.113.9', isProxied: false })
  t.strictSame(address('10.0.0.1', { 'x-real-ip': '1.1.1.1' }), { ip: '1.1.1.1', isProxied: true })
})
