import t from 'tap'
import { parseDnsServer } from '../../src/acme/dns-server.ts'
import { queryDns } from '../../src/acme/query-dns.ts'
import { startBind } from '../support/bind.ts'
import { freePort } from '../support/free-port.ts'

const NEVER = new AbortController().signal
const LONG = 'x'.repeat(200)

t.test('asks a real name server', async t => {
  const server = await startBind(t, {
    zones: [
      {
        name: 'example.test',
        records: ['www A 127.0.0.7', 'www A 127.0.0.8', ...[1, 2, 3, 4].map(n => `long TXT "${n}${LONG}"`)],
      },
    ],
  })
  const ask = (name: string, type: 'A' | 'AAAA' | 'TXT') =>
    queryDns(server, { name, type, recurse: false }, NEVER)

  t.test('gives every record, the names in lower case', async t => {
    const { rcode, answers } = await ask('WWW.example.test', 'A')
    const found = answers.map(answer => [answer.name, 'data' in answer && answer.data]).sort()
    t.strictSame(
      [rcode, ...found],
      ['NOERROR', ['www.example.test', '127.0.0.7'], ['www.example.test', '127.0.0.8']],
    )
  })

  t.test('takes an answer that is too long for a datagram over TCP', async t => {
    t.equal((await ask('long.example.test', 'TXT')).answers.length, 4)
  })

  for (const [name, type, rcode, why] of [
    ['www.example.test', 'AAAA', 'NOERROR', 'the name is there, the type is not'],
    ['nobody.example.test', 'A', 'NXDOMAIN', 'there is no such name'],
    ['example.org', 'A', 'REFUSED', 'it is the zone of others'],
  ] as const) {
    t.test(`tells ${rcode} when ${why}`, async t => {
      const reply = await ask(name, type)
      t.strictSame([reply.rcode, reply.answers], [rcode, []])
    })
  }
})

t.test('says that nobody listens there', async t => {
  const port = await freePort()
  await t.rejects(
    queryDns({ host: '127.0.0.1', port }, { name: 'a.test', type: 'A', recurse: true }, NEVER),
    {
      message: `127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
    },
  )
})

t.test('reads the address of a name server', async t => {
  for (const [text, server] of [
    ['192.0.2.1', { host: '192.0.2.1' }],
    ['192.0.2.1:5353', { host: '192.0.2.1', port: 5353 }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    ['[2001:db8::1]:5353', { host: '2001:db8::1', port: 5353 }],
    ['dns.example.test:53', undefined],
    ['192.0.2.1:0', undefined],
    ['[192.0.2.1]:53', undefined],
    ['', undefined],
  ] as const) {
    t.strictSame(parseDnsServer(text), server, text)
  }
})
