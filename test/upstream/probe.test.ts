import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Log } from '../../src/model/ports.ts'
import type { UpstreamAddress } from '../../src/upstream/address.ts'
import { createUpstreamClient, type UpstreamClient } from '../../src/upstream/client.ts'
import { createUpstreamProbe, type UpstreamProbe, type UpstreamState } from '../../src/upstream/probe.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const HOUR_MS = 3_600_000

/** A registry whose answers the test decides, on a Unix socket unless told. */
async function startRegistry(t: Test, serve: RequestListener, host?: string): Promise<UpstreamAddress> {
  const server = createServer(serve)
  const path = join(tempDir(t), 'registry.sock')
  if (host === undefined) server.listen(path)
  else server.listen(0, host)
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  if (host === undefined) return { kind: 'unix', path }
  return { kind: 'tcp', host, port: (server.address() as AddressInfo).port }
}

function clientOf(t: Test, address: UpstreamAddress): UpstreamClient {
  const client = createUpstreamClient(address)
  t.teardown(() => client.close())
  return client
}

function startProbe(
  t: Test,
  client: UpstreamClient,
  intervalMs = HOUR_MS,
): { readonly probe: UpstreamProbe; readonly lines: string[]; readonly results: UpstreamState[] } {
  const lines: string[] = []
  const results: UpstreamState[] = []
  const add = (message: string) => void lines.push(message)
  const log: Log = { debug: add, info: add, warn: add, error: add }
  const onResult = (state: UpstreamState) => void results.push(state)
  const probe = createUpstreamProbe({ client, name: 'registry', intervalMs, log, onResult })
  t.teardown(() => probe.close())
  return { probe, lines, results }
}

t.test('tells what the registry says to a bare ping, and logs each change once', async t => {
  const realm = 'Bearer realm="https://auth.test/auth",service="registry.test",scope=""'
  const cases: readonly (readonly [status: number, challenge: string, state: object])[] = [
    [200, '', { state: 'open' }],
    [401, realm, { state: 'guarded', service: 'registry.test' }],
    [401, 'Basic realm="x"', { state: 'guarded', service: undefined }],
    [200, '', { state: 'open' }],
    [500, '', { state: 'down', reason: 'GET /v2/ answered 500' }],
    [503, '', { state: 'down', reason: 'GET /v2/ answered 503' }],
    [200, '', { state: 'open' }],
  ]
  let turn = 0
  const asked: string[] = []
  const address = await startRegistry(t, (req, res) => {
    asked.push(`${req.method} ${req.url} ${req.headers.authorization}`)
    const [status, challenge] = cases[turn] ?? [500, '']
    res.writeHead(status, challenge === '' ? {} : { 'www-authenticate': challenge }).end('{}')
  })
  const { probe, lines, results } = startProbe(t, clientOf(t, address))
  t.strictSame(probe.current(), { state: 'unknown' })
  t.equal(probe.service(), undefined)
  for (; turn < cases.length; turn += 1) {
    t.strictSame(await probe.check(), cases[turn]?.[2])
    t.strictSame(probe.current(), cases[turn]?.[2])
  }
  t.equal(probe.service(), 'registry.test', 'is remembered')
  t.strictSame(new Set(asked), new Set(['GET /v2/ undefined']))
  t.equal(results.length, cases.length)
  t.strictSame(lines, [
    'the registry answers, without asking for a token',
    'the registry answers',
    'the registry answers, without asking for a token',
    'the registry cannot be reached',
    'the registry answers, without asking for a token',
  ])
})

t.test('calls that come while it asks share the answer', async t => {
  let asked = 0
  const address = await startRegistry(t, (_, res) => {
    asked += 1
    res.end()
  })
  const { probe } = startProbe(t, clientOf(t, address))
  await Promise.all([probe.check(), probe.check(), probe.check()])
  t.equal(asked, 1)
  await probe.check()
  t.equal(asked, 2)
})

t.test('asks by itself, finds out that the registry is back, and stops when closed', async t => {
  let status = 503
  let asked = 0
  const address = await startRegistry(t, (_, res) => {
    asked += 1
    res.writeHead(status).end()
  })
  const { probe } = startProbe(t, clientOf(t, address), 10)
  await waitFor('down', () => probe.current().state === 'down')
  status = 200
  await waitFor('open', () => probe.current().state === 'open')
  probe.close()
  await probe.check()
  const before = asked
  await probe.check()
  t.equal(asked, before + 1)
})

t.test('says why the registry cannot be reached, and never rejects', async t => {
  const missing = clientOf(t, { kind: 'unix', path: join(tempDir(t), 'none.sock') })
  t.match(await startProbe(t, missing).probe.check(), { state: 'down', reason: /ENOENT/ })
  const cut = await startRegistry(t, req => req.socket.destroy())
  t.match(await startProbe(t, clientOf(t, cut)).probe.check(), { state: 'down', reason: /\w/ })
})

const noIpv6 = Object.values(networkInterfaces())
  .flat()
  .every(found => found?.address !== '::1')

t.test('reaches a registry by an IPv6 address', { skip: noIpv6 && 'no ::1 here' }, async t => {
  const address = await startRegistry(t, (_, res) => res.end(), '::1')
  t.strictSame(await startProbe(t, clientOf(t, address)).probe.check(), { state: 'open' })
})
