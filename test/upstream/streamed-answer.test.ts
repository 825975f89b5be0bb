import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { streamedAnswer } from '../../src/upstream/streamed-answer.ts'
import type { Relayed } from '../../src/upstream/upstream-answer.ts'

interface Streaming {
  /** What the storage sends. */
  readonly body: PassThrough
  /** What the client has been sent. */
  readonly answer: IncomingMessage
  /** Called before the end, with the bytes of the whole answer. */
  readonly ending: Promise<number>
  /** Lets the end go out. */
  readonly letEnd: () => void
  readonly relayed: Promise<Relayed>
}

async function stream(t: Test, headers: Readonly<Record<string, string>>): Promise<Streaming> {
  const body = new PassThrough()
  const ending = Promise.withResolvers<number>()
  const held = Promise.withResolvers<void>()
  const relayed = Promise.withResolvers<Relayed>()
  const beforeEnd = (bytes: number) => {
    ending.resolve(bytes)
    return held.promise
  }
  const server = createServer((_, res) => {
    res.writeHead(200, headers).flushHeaders()
    const answer = streamedAnswer({ status: 200, headers }, body)
    relayed.resolve(answer.pipe(res, { end: true, tap: undefined, beforeEnd }))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [answer] = await once(get({ host: '127.0.0.1', port, agent: false }), 'response')
  return { body, answer, ending: ending.promise, letEnd: held.resolve, relayed: relayed.promise }
}

t.test('each piece passes at once, and the last one waits for the line', async t => {
  const { body, answer, ending, letEnd, relayed } = await stream(t, { 'content-length': '8' })
  const got: string[] = []
  answer.on('data', piece => void got.push(String(piece)))
  body.write('1234')
  await once(answer, 'data')
  body.end('5678')
  t.equal(await ending, 8)
  t.strictSame(got, ['1234'])
  letEnd()
  await once(answer, 'end')
  t.strictSame(got, ['1234', '5678'])
  t.strictSame(await relayed, { complete: true, bytesOut: 8 })
})

t.test('without a length the end itself waits for the line', async t => {
  const { body, answer, ending, letEnd, relayed } = await stream(t, {})
  let isEnded = false
  answer.on('end', () => {
    isEnded = true
  })
  body.end('12345678')
  const [piece] = await once(answer, 'data')
  t.equal(String(piece), '12345678')
  t.equal(await ending, 8)
  t.notOk(isEnded)
  letEnd()
  await once(answer, 'end')
  t.strictSame(await relayed, { complete: true, bytesOut: 8 })
})

t.test('a storage that breaks off does not look whole', async t => {
  const { body, answer, relayed } = await stream(t, { 'content-length': '8' })
  body.write('1234')
  await once(answer, 'data')
  body.destroy(new Error('the storage broke off'))
  await t.rejects(once(answer, 'end'), { code: 'ECONNRESET' })
  t.notOk(answer.complete)
  t.strictSame(await relayed, { complete: false, bytesOut: 4 })
})

t.test('a client that leaves ends the stream of the storage', async t => {
  const { body, answer, relayed } = await stream(t, { 'content-length': '8' })
  body.write('1234')
  await once(answer, 'data')
  answer.destroy()
  await once(body, 'close')
  t.match(await relayed, { complete: false })
})
