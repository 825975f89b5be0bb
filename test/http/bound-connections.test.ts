import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createListener } from '../../src/http/listen.ts'
import { waitFor } from '../support/wait-for.ts'

t.test('a connection beyond the bound is closed at once, and told once', async t => {
  const said: (readonly [message: string, fields: unknown])[] = []
  const log = {
    debug() {},
    info() {},
    warn: (message: string, fields?: unknown) => void said.push([message, fields]),
    error() {},
  }
  const listener = createListener({ handler: (_, res) => res.end('served'), log, maxConnections: 1 })
  t.teardown(() => listener.close(0))
  const port = await listener.listen({ host: '127.0.0.1', port: 0 })

  const first = await open(t, port)
  t.match(await ask(first), /served/)
  for (const _ of [1, 2]) t.equal(await untilClosed(await open(t, port)), '')
  t.strictSame(said, [
    ['connections refused, as many as limits.connections are open', { limit: 1, refused: 1 }],
  ])
  t.match(await ask(first), /served/, 'the open one is left alone')

  first.destroy()
  await waitFor('the first connection is gone', async () => (await countOf(listener.server)) === 0)
  t.match(await ask(await open(t, port)), /served/, 'there is room again')
})

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function ask(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [data] = await once(socket, 'data')
  return String(data)
}

async function untilClosed(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', data => {
    received += data
  })
  await new Promise(resolve => socket.once('close', resolve))
  return received
}

function countOf(server: ReturnType<typeof createListener>['server']): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
