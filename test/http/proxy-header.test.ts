import t from 'tap'
import { parseProxyHeader } from '../../src/http/proxy-header.ts'
import { createRandom } from '../policy/random.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const REST = Buffer.from('\x16\x03\x01 the rest')

/** A header of version 2. */
function v2(command: number, family: number, payload: Buffer | number): Buffer {
  const body = typeof payload === 'number' ? Buffer.alloc(payload) : payload
  const head = Buffer.from([command, family, body.length >> 8, body.length & 0xff])
  return Buffer.concat([SIGNATURE, head, body])
}

const V4 = Buffer.from([192, 0, 2, 1, 10, 0, 0, 1, 0x1f, 0x90, 0x01, 0xbb])
const V6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.alloc(16),
  Buffer.from([0x1f, 0x90, 0x01, 0xbb]),
])
const MAPPED = Buffer.concat([Buffer.from('00000000000000000000ffffc0000201', 'hex'), Buffer.alloc(20)])
const LONGEST = `PROXY UNKNOWN ${'f'.repeat(107 - 16)}\r\n`

t.test('reads what the specification allows, and no byte more', async t => {
  const cases: readonly (readonly [why: string, bytes: Buffer | string, source: string | undefined])[] = [
    ['v1, IPv4', 'PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n', '192.0.2.1'],
    ['v1, IPv6', 'PROXY TCP6 2001:DB8:0::1 ::1 56324 443\r\n', '2001:db8::1'],
    ['v1, IPv4 in IPv6', 'PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n', '192.0.2.1'],
    ['v1, unknown', 'PROXY UNKNOWN\r\n', undefined],
    ['v1, unknown with what is to be ignored', 'PROXY UNKNOWN ffff::1 what ever\r\n', undefined],
    ['v1, the longest', LONGEST, undefined],
    ['v2, IPv4', v2(0x21, 0x11, V4), '192.0.2.1'],
    ['v2, IPv4 with TLVs', v2(0x21, 0x11, Buffer.concat([V4, Buffer.alloc(500, 4)])), '192.0.2.1'],
    ['v2, IPv6', v2(0x21, 0x21, V6), '2001:db8::1'],
    ['v2, IPv4 in IPv6', v2(0x21, 0x21, MAPPED), '192.0.2.1'],
    ['v2, a Unix socket', v2(0x21, 0x31, 216), undefined],
    ['v2, unspecified', v2(0x21, 0x00, 0), undefined],
    ['v2, the proxy itself', v2(0x20, 0x00, 0), undefined],
    ['v2, the proxy itself, with addresses', v2(0x20, 0x11, V4), undefined],
    ['v2, the longest', v2(0x20, 0x00, 4096 - 16), undefined],
  ]
  for (const [why, given, source] of cases) {
    const bytes = Buffer.from(given)
    const expected = { outcome: 'header', length: bytes.length, ...(source === undefined ? {} : { source }) }
    t.strictSame(parseProxyHeader(bytes), expected, why)
    t.strictSame(parseProxyHeader(Buffer.concat([bytes, REST])), expected, `${why}, with the rest`)
    for (let length = 0; length < bytes.length; length += 1) {
      t.strictSame(
        parseProxyHeader(bytes.subarray(0, length)),
        { outcome: 'incomplete' },
        `${why}: ${length}`,
      )
    }
  }
})

t.test('refuses everything else', async t => {
  const cases: readonly (readonly [why: string, bytes: Buffer | string])[] = [
    ['TLS', Buffer.from([0x16, 3, 1])],
    ['HTTP', 'GET / HTTP/1.1\r\n'],
    ['another start', 'PROXX'],
    ['lower case', 'proxy TCP4 '],
    ['v1 too long', `PROXY UNKNOWN ${'f'.repeat(107)}`],
    ['v1 one byte too long', LONGEST.replace('f', 'ff')],
    ['v1 without a family', 'PROXY \r\n'],
    ['v1 with another family', 'PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n'],
    ['v1 with IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['v1 with IPv4 as TCP6', 'PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n'],
    ['v1 with a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['v1 with a name', 'PROXY TCP4 localhost 10.0.0.1 1 2\r\n'],
    ['v1 with two spaces', 'PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n'],
    ['v1 without ports', 'PROXY TCP4 192.0.2.1 10.0.0.1\r\n'],
    ['v1 with one port', 'PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n'],
    ['v1 with three ports', 'PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n'],
    ['v1 with a port too large', 'PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n'],
    ['v1 with a zero before the port', 'PROXY TCP4 192.0.2.1 10.0.0.1 080 2\r\n'],
    ['v1 that ends with LF', `PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n${'x'.repeat(107)}`],
    ['v2 of another version', v2(0x31, 0x11, V4)],
    ['v2 with another command', v2(0x22, 0x11, V4)],
    ['v2 with datagrams', v2(0x21, 0x12, V4)],
    ['v2 with another family', v2(0x21, 0x41, V4)],
    ['v2 with IPv4 cut short', v2(0x21, 0x11, 11)],
    ['v2 with IPv6 cut short', v2(0x21, 0x21, 35)],
    ['v2 with a path cut short', v2(0x21, 0x31, 215)],
    ['v2 too long, before it has come', v2(0x21, 0x11, 4096).subarray(0, 16)],
    ['half a signature', Buffer.from('\r\n\r\nGET')],
  ]
  for (const [why, bytes] of cases) t.match(parseProxyHeader(Buffer.from(bytes)), { outcome: 'invalid' }, why)
})

t.test('100,000 mutilated headers never throw, and none reads beyond its end', async t => {
  const random = createRandom(4)
  const seeds = [
    Buffer.from('PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n'),
    Buffer.from('PROXY TCP6 2001:db8::1 ::1 56324 443\r\n'),
    v2(0x21, 0x11, V4),
    v2(0x21, 0x21, V6),
    v2(0x20, 0x00, 4),
  ]
  const counts = { header: 0, incomplete: 0, invalid: 0 }
  let faults = 0
  for (let i = 0; i < 100_000; i += 1) {
    const bytes = Buffer.concat([seeds[random.below(seeds.length)] ?? REST, REST])
    for (let changes = random.below(4); changes > 0; changes -= 1)
      bytes[random.below(bytes.length)] = random.below(256)
    const given = bytes.subarray(0, random.below(bytes.length + 1))
    const found = parseProxyHeader(given)
    counts[found.outcome] += 1
    if (found.outcome !== 'header') continue
    // The same header without what comes behind it, and nothing less than it.
    const alone = JSON.stringify(parseProxyHeader(Buffer.from(given.subarray(0, found.length))))
    const short = parseProxyHeader(given.subarray(0, found.length - 1)).outcome
    if (found.length > given.length || alone !== JSON.stringify(found) || short !== 'incomplete') faults += 1
  }
  t.equal(faults, 0)
  t.ok(counts.header > 5_000 && counts.incomplete > 5_000 && counts.invalid > 5_000, JSON.stringify(counts))
})
