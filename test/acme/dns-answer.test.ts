import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createDnsAnswer, type DnsAnswerOptions } from '../../src/acme/dns-answer.ts'
import { createHookPublisher } from '../../src/acme/hook-publisher.ts'
import { createRfc2136Publisher } from '../../src/acme/rfc2136-publisher.ts'
import { type Bind, type BindZone, startBind } from '../support/bind.ts'
import { freePort } from '../support/free-port.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { memoryLog } from '../tls/support.ts'
import { BIND_KEY, dnsChallenge, failure, NEVER, TSIG_KEY, textsAt, valueFor } from './dns-support.ts'

function answerAt(server: Bind, options: Partial<DnsAnswerOptions> = {}) {
  const log = memoryLog()
  const publisher = createRfc2136Publisher({ server, key: TSIG_KEY, clock: Date.now, log })
  const resolvers = [server]
  const answer = createDnsAnswer({ publisher, resolvers, nameServerPort: server.port, log, ...options })
  return { answer, log }
}

const startNamed = (t: Scope, zones: readonly BindZone[]) => startBind(t, { key: BIND_KEY, zones })

/** A name server that another one, at ::1 and the same port, shares its zone with. */
function startFirstOfTwo(t: Scope) {
  const zone = { name: 'example.test', records: ['@ NS ns2', 'ns2 AAAA ::1'] }
  return startNamed(t, [zone])
}

t.test('answers at the name, twice at once, and takes each answer away alone', async t => {
  const server = await startNamed(t, [{ name: 'example.test' }])
  const { answer } = answerAt(server)
  const at = '_acme-challenge.example.test'
  const [first, second] = await Promise.all([
    answer(dnsChallenge('example.test', 'base'), NEVER),
    answer(dnsChallenge('example.test', 'wildcard'), NEVER),
  ])
  t.strictSame(await textsAt(server, at), [valueFor('base'), valueFor('wildcard')].sort())
  await first()
  t.strictSame(await textsAt(server, at), [valueFor('wildcard')])
  await second()
  t.strictSame(await textsAt(server, at), [])
})

t.test('answers where CNAME records point to', async t => {
  const server = await startNamed(t, [
    {
      name: 'example.test',
      records: [
        '_acme-challenge CNAME one.acme.test.',
        '_acme-challenge.chain CNAME hop1',
        ...[1, 2, 3, 4, 5, 6, 7].map(hop => `hop${hop} CNAME hop${hop + 1}`),
        '_acme-challenge.long CNAME hop0',
        'hop0 CNAME hop1',
        '_acme-challenge.loop CNAME _acme-challenge.loop',
        '_acme-challenge.evil CNAME a\\;reboot.acme.test.',
      ],
    },
    { name: 'acme.test' },
  ])
  const { answer } = answerAt(server)

  t.test('in another zone', async t => {
    const remove = await answer(dnsChallenge('example.test'), NEVER)
    t.strictSame(await textsAt(server, 'one.acme.test'), [valueFor()])
    await remove()
    t.strictSame(await textsAt(server, 'one.acme.test'), [])
  })

  t.test('after eight of them', async t => {
    await answer(dnsChallenge('chain.example.test'), NEVER)
    t.strictSame(await textsAt(server, 'hop8.example.test'), [valueFor()])
  })

  t.test('but not after nine, nor in a circle', async t => {
    for (const name of ['long.example.test', 'loop.example.test']) {
      await t.rejects(answer(dnsChallenge(name), NEVER), failure(/more than 8 CNAME records/), name)
    }
  })

  t.test('but not at what is no host name', async t => {
    await t.rejects(answer(dnsChallenge('evil.example.test'), NEVER), failure(/points to "a;reboot/))
  })
})

t.test('waits until every name server has it', async t => {
  const server = await startFirstOfTwo(t)
  const zone = { name: 'example.test', updates: 'anybody' } as const
  const second = await startBind(t, { address: '::1', port: server.port, zones: [zone] })
  const { answer } = answerAt(server)
  let isDone = false
  const answered = answer(dnsChallenge('example.test'), NEVER).finally(() => {
    isDone = true
  })
  const at = '_acme-challenge.example.test'
  await waitFor('the first has it', async () => (await textsAt(server, at)).length > 0)
  t.notOk(isDone)
  const other = createRfc2136Publisher({ server: second, clock: Date.now, log: memoryLog() })
  await other.publish({ name: at, value: valueFor(), zone: 'example.test' }, NEVER)
  await answered
})

t.test('names the name server that lacks it at the time limit, and takes the answer away', async t => {
  const server = await startFirstOfTwo(t)
  await startBind(t, { address: '::1', port: server.port, zones: [{ name: 'example.test' }] })
  const { answer } = answerAt(server, { propagationTimeoutMs: 300 })
  await t.rejects(
    answer(dnsChallenge('example.test'), NEVER),
    failure(/not at every name server after 0\.3 s: ns2\.example\.test \(\[::1\]:\d+\) lacks it/),
  )
  t.strictSame(await textsAt(server, '_acme-challenge.example.test'), [])
})

t.test('does without a name server that cannot be reached, and warns', async t => {
  const server = await startFirstOfTwo(t)
  const { answer, log } = answerAt(server)
  await answer(dnsChallenge('example.test'), NEVER)
  t.match(log.lines, [
    ...log.lines.filter(({ level }) => level === 'debug'),
    { level: 'warn', fields: { server: `ns2.example.test ([::1]:${server.port})` } },
  ])
})

t.test('takes the answer away when it is stopped while it waits', async t => {
  const server = await startFirstOfTwo(t)
  await startBind(t, { address: '::1', port: server.port, zones: [{ name: 'example.test' }] })
  const stop = new AbortController()
  const answered = answerAt(server).answer(dnsChallenge('example.test'), stop.signal)
  const at = '_acme-challenge.example.test'
  await waitFor('it is published', async () => (await textsAt(server, at)).length > 0)
  stop.abort(new Error('stopping'))
  await t.rejects(answered, { message: 'stopping' })
  t.strictSame(await textsAt(server, at), [])
})

t.test('says which setting to look at when no resolver answers', async t => {
  const server = await startNamed(t, [{ name: 'example.test' }])
  const resolvers = [{ host: '127.0.0.1', port: await freePort() }]
  const { answer } = answerAt(server, { resolvers })
  await t.rejects(
    answer(dnsChallenge('example.test'), NEVER),
    failure(/ECONNREFUSED.*see tls\.acme\.dns\.resolvers/),
  )
})

t.test('has a hook answer, and clean up after a failure of its own', async t => {
  const server = await startNamed(t, [{ name: 'example.test' }])
  const directory = tempDir(t)
  const command = join(directory, 'hook')
  const script = `#!/bin/sh
case $1 in present) change=add ttl=60;; *) change=delete ttl=;; esac
nsupdate -y ${BIND_KEY.algorithm}:${BIND_KEY.name}:${BIND_KEY.secret} <<END
server ${server.host} ${server.port}
zone $LANDWAITER_DNS_ZONE
update $change $2 $ttl TXT $3
send
END
`
  const publisher = createHookPublisher({ command, env: { PATH: process.env['PATH'] }, log: memoryLog() })
  const { answer } = answerAt(server, { publisher })
  const at = '_acme-challenge.example.test'

  t.test('by a real program', async t => {
    writeFileSync(command, script, { mode: 0o755 })
    const remove = await answer(dnsChallenge('example.test'), NEVER)
    t.strictSame(await textsAt(server, at), [valueFor()])
    await remove()
    t.strictSame(await textsAt(server, at), [])
  })

  t.test('when it fails after it has published', async t => {
    writeFileSync(command, `${script}[ $1 = cleanup ]\n`, { mode: 0o755 })
    await t.rejects(answer(dnsChallenge('example.test'), NEVER), failure(/present failed with exit code 1/))
    t.strictSame(await textsAt(server, at), [])
  })
})

t.test('only logs that an answer could not be taken away', async t => {
  const server = await startNamed(t, [{ name: 'example.test' }])
  const { answer, log } = answerAt(server)
  const remove = await answer(dnsChallenge('example.test'), NEVER)
  await server.stop()
  await remove()
  t.match(log.lines.at(-1), { level: 'warn', fields: { name: '_acme-challenge.example.test' } })
})
