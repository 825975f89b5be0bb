import { MessageChannel } from 'node:worker_threads'
import t, { type Test } from 'tap'
import {
  AuditUnwritable,
  AuthnUnavailable,
  AuthzUnavailable,
  OciError,
  UpstreamUnavailable,
} from '../../src/model/errors.ts'
import { createChannel } from '../../src/threads/channel.ts'
import { ThreadUnavailable } from '../../src/threads/thread-unavailable.ts'

interface Remote {
  double(value: number): Promise<number>
  fail(kind: string): Promise<never>
  hang(): Promise<void>
  note(text: string): Promise<void>
  odd(): Promise<unknown>
}

const ERRORS: Readonly<Record<string, Error>> = {
  audit: new AuditUnwritable('no line', { cause: Object.assign(new Error('full'), { code: 'ENOSPC' }) }),
  authn: new AuthnUnavailable('busy', 5, { isOverload: true }),
  authz: new AuthzUnavailable('gone', 7),
  upstream: new UpstreamUnavailable('headers', 'no answer'),
  oci: new OciError('UNAVAILABLE', 'wait', { headers: { 'retry-after': '5' }, detail: ['x'] }),
  other: Object.assign(new RangeError('far'), { code: 'EFAR' }),
}

function open(t: Test, maxPending?: number) {
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => port1.close())
  const notes: string[] = []
  createChannel(port2, {
    double: async (value: number) => value * 2,
    fail: (kind: string) => Promise.reject(ERRORS[kind]),
    hang: () => new Promise(() => {}),
    note: async (text: string) => void notes.push(text),
    odd: async () => () => 1,
  })
  return { channel: createChannel<Remote>(port1, {}, maxPending), notes }
}

t.test('answers come to whoever asked, whatever their order', async t => {
  const { channel } = open(t)
  const answers = await Promise.all([1, 2, 3].map(value => channel.ask('double', value)))
  t.strictSame(answers, [2, 4, 6])
  t.equal(channel.pending(), 0)
})

t.test('what is told comes before what is asked after it', async t => {
  const { channel, notes } = open(t)
  channel.tell('note', 'first')
  channel.tell('note', 'second')
  await channel.ask('double', 1)
  t.strictSame(notes, ['first', 'second'])
})

t.test('an error arrives with its class, its fields and its cause', async t => {
  const { channel } = open(t)
  for (const [kind, expected] of Object.entries(ERRORS)) {
    const error = await channel.ask('fail', kind).catch((reason: unknown) => reason)
    t.ok(error instanceof Error, kind)
    if (kind !== 'other') t.ok(error instanceof expected.constructor, `${kind} keeps its class`)
    t.match(error, { ...expected, name: expected.name, message: expected.message }, kind)
  }
  t.match(await channel.ask('fail', 'audit').catch((reason: unknown) => reason), {
    cause: { code: 'ENOSPC' },
  })
})

t.test('a value that cannot be cloned fails its own question only', async t => {
  const { channel } = open(t)
  const odd = channel.ask('odd')
  const asked = channel.ask('double', (() => 1) as unknown as number)
  const fine = channel.ask('double', 4)
  await Promise.all([odd, asked].map(one => t.rejects(one, { name: 'DataCloneError' })))
  t.equal(await fine, 8)
})

t.test('a name that nobody answers is an error', async t => {
  const { channel } = open(t)
  await t.rejects(channel.ask('toString' as 'hang'), /no thread answers toString/)
})

t.test('a closed channel fails what waits and what comes later', async t => {
  const { channel } = open(t)
  const waiting = channel.ask('hang')
  channel.close('the other thread has ended')
  await t.rejects(waiting, new ThreadUnavailable('the other thread has ended'))
  await t.rejects(channel.ask('double', 1), ThreadUnavailable)
  channel.tell('note', 'lost')
})

t.test('only so many questions may wait', async t => {
  const { channel } = open(t, 2)
  const waiting = [channel.ask('hang'), channel.ask('hang')]
  for (const one of waiting) one.catch(() => undefined)
  await t.rejects(channel.ask('double', 1), /too many questions/)
  channel.close('over')
})
