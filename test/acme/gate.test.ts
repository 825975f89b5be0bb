import t from 'tap'
import { Agent, request } from 'undici'
import { type AcmeGate, startGate } from '../support/acme-gate.ts'
import { startProcess } from '../support/background-process.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'

let pebble: Pebble
let gate: AcmeGate
let ask: (url: string) => Promise<{ readonly status: number; readonly body: unknown }>

t.before(async () => {
  pebble = await startPebble(t)
  gate = await startGate(t, pebble)
  const agent = new Agent({ connect: { ca: pebble.caRoot } })
  t.teardown(() => agent.close())
  ask = async url => {
    const { statusCode, body } = await request(url, { dispatcher: agent })
    return { status: statusCode, body: await body.json() }
  }
})

t.test('the gate shows the directory of pebble under its own address', async t => {
  gate.setProfiles({ classic: 'the usual one' })
  const { body } = await ask(gate.directory)
  const { newOrder, meta } = body as { newOrder: string; meta: { profiles: unknown } }
  t.equal(newOrder, gate.directory.replace('/dir', '/order-plz'))
  t.strictSame(meta.profiles, { classic: 'the usual one' })
  t.equal(gate.count('directory'), 1)
})

t.test('the gate answers in the place of pebble, or not at all', async t => {
  gate.intercept(() => ({ status: 429, problem: { type: 'rateLimited', detail: 'too many' } }))
  const type = 'urn:ietf:params:acme:error:rateLimited'
  const limited = await ask(gate.directory)
  t.strictSame(limited, { status: 429, body: { status: 429, type, detail: 'too many' } })
  gate.intercept(() => 'drop')
  await t.rejects(ask(gate.directory))
  gate.intercept(() => undefined)
})

t.test('the gate kills a process when a request arrives, or when it was answered', async t => {
  for (const when of ['before', 'after'] as const) {
    const child = await startProcess(t, ['sleep', '60'])
    gate.killAt({ number: gate.requests.length + 1, pid: child.pid, when })
    await t.rejects(ask(gate.directory), 'and nobody hears the answer')
    t.equal(await child.exited, 'SIGKILL')
  }
})

t.test('a restarted pebble issues under another root at the same address', async t => {
  const before = await pebble.issuingRoot()
  await pebble.restart()
  t.not(await pebble.issuingRoot(), before)
  t.equal((await ask(pebble.directory)).status, 200)
})
