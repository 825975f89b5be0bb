import { connect } from 'node:net'
import t from 'tap'
import type { DnsRecord } from '../../src/acme/dns-publisher.ts'
import type { DnsServer } from '../../src/acme/dns-server.ts'
import { createRfc2136Publisher, type Rfc2136Options } from '../../src/acme/rfc2136-publisher.ts'
import { signDns, verifyDns } from '../../src/acme/tsig.ts'
import { Secret } from '../../src/model/secret.ts'
import { startBind } from '../support/bind.ts'
import { freePort } from '../support/free-port.ts'
import { memoryLog } from '../tls/support.ts'
import { BIND_KEY, failure, NEVER, startTcp, TSIG_KEY, textsAt } from './dns-support.ts'

const DAY_MS = 86_400_000

function publisherAt(server: DnsServer, options: Partial<Rfc2136Options> = {}) {
  return createRfc2136Publisher({ server, key: TSIG_KEY, clock: Date.now, log: memoryLog(), ...options })
}

function record(name: string, value: string): DnsRecord {
  return { name, value, zone: undefined }
}

t.test('changes the zones of a real name server', async t => {
  const server = await startBind(t, {
    key: BIND_KEY,
    zones: [
      { name: 'example.test' },
      { name: 'sub.example.test' },
      { name: 'open.test', updates: 'anybody' },
      { name: 'closed.test', updates: 'nobody' },
    ],
  })

  t.test('adds values at one name and removes its own alone', async t => {
    const publisher = publisherAt(server)
    const name = '_acme-challenge.a.example.test'
    await publisher.publish(record(name, 'base'), NEVER)
    await publisher.publish(record(name, 'wildcard'), NEVER)
    t.strictSame(await textsAt(server, name), ['base', 'wildcard'])
    await publisher.remove(record(name, 'base'), NEVER)
    t.strictSame(await textsAt(server, name), ['wildcard'])
    await publisher.remove(record(name, 'base'), NEVER)
    t.strictSame(await textsAt(server, name), ['wildcard'], 'removing it twice does no harm')
  })

  t.test('finds the nearest zone by itself', async t => {
    const name = '_acme-challenge.deep.down.sub.example.test'
    await publisherAt(server).publish(record(name, 'v'), NEVER)
    t.strictSame(await textsAt(server, name), ['v'])
  })

  t.test('takes the zone that it is given', async t => {
    const name = '_acme-challenge.b.example.test'
    await publisherAt(server, { zone: 'example.test' }).publish(record(name, 'v'), NEVER)
    t.strictSame(await textsAt(server, name), ['v'])
  })

  t.test('works without a key where the server lets anybody', async t => {
    const name = '_acme-challenge.open.test'
    await publisherAt(server, { key: undefined }).publish(record(name, 'v'), NEVER)
    t.strictSame(await textsAt(server, name), ['v'])
  })

  for (const { why, name = 'a.example.test', options, says } of [
    {
      why: 'the server knows no such key',
      options: { key: { ...TSIG_KEY, name: 'other.key' } },
      says: /does not know the key other\.key with hmac-sha256 \(BADKEY\): see tls\.acme\.dns\.rfc2136\.key_name/,
    },
    {
      why: 'the key has another algorithm there',
      options: { key: { ...TSIG_KEY, algorithm: 'hmac-sha512' } },
      says: /with hmac-sha512 \(BADKEY\): see tls\.acme\.dns\.rfc2136\.key_name and key_algorithm/,
    },
    {
      why: 'the secret is another',
      options: { key: { ...TSIG_KEY, secret: new Secret('AAAA') } },
      says: /does not accept the signature of the key landwaiter\.key \(BADSIG\): see .*\.key_secret/,
    },
    {
      why: 'the clock of the server is a day ahead',
      options: { clock: () => Date.now() - DAY_MS },
      // named signs this answer with its own time, so that the difference is known.
      says: /has a clock that is 86\d\d\d s ahead of ours \(BADTIME\)/,
    },
    {
      why: 'nobody may change the zone',
      name: 'closed.test',
      says: /does not let the key landwaiter\.key change closed\.test \(REFUSED\)/,
    },
    {
      why: 'the zone takes no change without a key',
      options: { key: undefined },
      says: /refused to change example\.test without a key \(REFUSED\): see tls\.acme\.dns\.rfc2136\.key_name/,
    },
    {
      why: 'the configured zone is not at the server',
      options: { zone: 'elsewhere.test' },
      says: /does not serve the zone elsewhere\.test .*\(NOTAUTH\): see tls\.acme\.dns\.rfc2136\.zone/,
    },
    {
      why: 'the name is not in the configured zone',
      options: { zone: 'open.test' },
      says: /does not serve the zone open\.test .*\(NOTZONE\): see tls\.acme\.dns\.rfc2136\.zone/,
    },
    {
      why: 'the server has no zone for the name',
      name: 'a.elsewhere.org',
      says: /REFUSED.*see tls\.acme\.dns\.rfc2136\.server/,
    },
  ] as readonly {
    readonly why: string
    readonly name?: string
    readonly options?: Partial<Rfc2136Options>
    readonly says: RegExp
  }[]) {
    t.test(`names the setting to look at when ${why}`, async t => {
      const publisher = publisherAt(server, options)
      await t.rejects(publisher.publish(record(`_acme-challenge.${name}`, 'v'), NEVER), failure(says))
    })
  }

  t.test('signs with the longer algorithms too', async t => {
    for (const algorithm of ['hmac-sha384', 'hmac-sha512'] as const) {
      const other = await startBind(t, { key: { ...BIND_KEY, algorithm }, zones: [{ name: 'example.test' }] })
      await publisherAt(other, { key: { ...TSIG_KEY, algorithm } }).publish(
        record('x.example.test', 'v'),
        NEVER,
      )
      t.strictSame(await textsAt(other, 'x.example.test'), ['v'], algorithm)
    }
  })
})

t.test('says that nobody listens there', async t => {
  const server = { host: '127.0.0.1', port: await freePort() }
  const publisher = publisherAt(server, { zone: 'example.test' })
  await t.rejects(
    publisher.publish(record('a.example.test', 'v'), NEVER),
    failure(/cannot be reached \(ECONNREFUSED\): see tls\.acme\.dns\.rfc2136\.server/),
  )
})

t.test('believes only an answer that the key has signed', async t => {
  for (const [reply, says] of [
    ['a success', /did not sign its answer/],
    ['nonsense', /cannot be reached/],
  ] as const) {
    const server = await startTcp(t, socket =>
      socket.once('data', data => {
        const header = Buffer.alloc(14)
        header.writeUInt16BE(12)
        data.copy(header, 2, 2, 4)
        header.writeUInt16BE(0xa800, 4)
        socket.end(reply === 'a success' ? header : 'HTTP/1.1 400 Bad Request\r\n\r\n')
      }),
    )
    const publisher = publisherAt(server, { zone: 'example.test' })
    await t.rejects(publisher.publish(record('a.example.test', 'v'), NEVER), failure(says), reply)
  }
})

t.test('stops waiting for a silent server when it is told to', async t => {
  const stop = new AbortController()
  const server = await startTcp(t, socket => socket.once('data', () => stop.abort(new Error('stopping'))))
  const publisher = publisherAt(server, { zone: 'example.test' })
  await t.rejects(publisher.publish(record('a.example.test', 'v'), stop.signal), { message: 'stopping' })
})

t.test('notices that somebody in between turned a refusal into a success', async t => {
  const named = await startBind(t, { key: BIND_KEY, zones: [{ name: 'closed.test', updates: 'nobody' }] })
  const relay = await startTcp(t, socket => {
    const upstream = connect(named.port, named.host)
    socket.pipe(upstream)
    upstream.on('data', (reply: Buffer) => {
      // The length, then the header: its fourth byte ends with the rcode.
      reply.writeUInt8(reply.readUInt8(5) & 0xf0, 5)
      socket.write(reply)
    })
    upstream.on('error', () => {})
    socket.on('close', () => upstream.destroy())
  })
  const publisher = publisherAt(relay, { zone: 'closed.test' })
  await t.rejects(
    publisher.publish(record('a.closed.test', 'v'), NEVER),
    failure(/sent an answer whose signature is wrong \(BADSIG\): see tls\.acme\.dns\.rfc2136\.key_secret/),
  )
})

t.test('takes no damaged signature for a right one, wherever the answer ends', async t => {
  const { bytes, mac } = signDns(Buffer.alloc(12), TSIG_KEY, 1_000_000)
  t.equal(bytes.length, 12 + 16 + 10 + 13 + 10 + 32 + 6)
  for (let length = 0; length <= bytes.length; length++) {
    const verdict = verifyDns(bytes.subarray(0, length), { key: TSIG_KEY, requestMac: mac }, 1_000_000)
    t.not(verdict.outcome, 'valid', `after ${length} bytes`)
  }
})
