import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { connectHttp2, readHttp2 } from '../support/http2-client.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'
import { OK, ROWS, type Row } from './relay-answer-rows.ts'

const authorization = basic('admin')
type Ask = (method: string, path: string) => Promise<{ readonly status: number; readonly body: string }>

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
  t.test(`over ${protocol} an answer of the registry`, async t => {
    const { landwaiter, connections } = await start(t)
    const ask = await asker(t, landwaiter, protocol)
    for (const [index, row] of ROWS.entries()) {
      const { status, body } = await ask(row.method ?? 'GET', blob(index))
      const name = `with ${row.why}`
      t.equal(status, row.status, name)
      if (row.status < 500 || row.body !== '')
        t.ok(body === row.body, `${name}: the body (${body.slice(0, 80)})`)
      const before = connections.length
      t.match(await ask('GET', blob(ROWS.length)), { status: 200, body: 'next' }, `${name}: then the next`)
      t.equal(connections[before] === connections[before - 1], row.isKept, `${name}: the connection`)
    }
    const cut = ROWS.filter(({ body }) => body === 'cut').length
    const aborted = () => landwaiter.audit().filter(({ outcome }) => outcome === 'aborted').length
    await waitFor(`${cut} lines that say so`, () => aborted() >= cut)
    t.equal(aborted(), cut, 'the lines of what was cut, and of no other')
  })
}

/** The blob whose digest is this number. */
function blob(index: number): string {
  return `/v2/a/blobs/sha256:${index.toString(16).padStart(64, '0')}`
}

/** A landwaiter before a registry that answers by `ROWS`, and which connection each request came on. */
async function start(
  t: Test,
): Promise<{ readonly landwaiter: TestLandwaiter; readonly connections: readonly number[] }> {
  const connections: number[] = []
  const { upstream } = await startStandIn(t, ({ head, early, socket, connection, next }) => {
    connections.push(connection)
    const index = Number.parseInt(/sha256:([0-9a-f]{64})/.exec(head)?.[1] ?? '', 16)
    const row = ROWS[index]
    if (row === undefined) socket.write(`${OK}Content-Length: 4\r\n\r\nnext`)
    else void send(socket, row)
    next(early)
  })
  const landwaiter = await startLandwaiter(t, {
    config: {
      listen: { https: '127.0.0.1:0', http: 'off', admin: 'off', h2: true },
      registry: { upstream, auth: 'none' },
      cache: 'off',
    },
  })
  return { landwaiter, connections }
}

async function send(socket: Socket, { sends, manner }: Row): Promise<void> {
  if (manner !== 'bytes') socket.write(sends, 'latin1')
  else {
    socket.setNoDelay(true)
    for (const byte of sends) {
      socket.write(byte, 'latin1')
      await turn()
    }
  }
  if (manner === 'close') socket.end()
}

async function asker(t: Test, landwaiter: TestLandwaiter, protocol: 'HTTP/1.1' | 'HTTP/2'): Promise<Ask> {
  if (protocol === 'HTTP/1.1') {
    const connect = { ca: readFileSync(landwaiter.caFile) }
    const dispatcher = new Agent({ connect })
    t.teardown(() => dispatcher.destroy())
    return async (method, path) => {
      let status = 0
      try {
        const options = { method: method as 'GET' | 'HEAD', headers: { authorization }, dispatcher }
        const answer = await request(landwaiter.url + path, options)
        status = answer.statusCode
        return { status, body: await answer.body.text() }
      } catch {
        return { status, body: 'cut' }
      }
    }
  }
  const session = await connectHttp2(t, landwaiter)
  return async (method, path) => {
    let status = 0
    try {
      const stream = session.request({ ':method': method, ':path': path, authorization })
      stream.once('response', head => {
        status = Number(head[':status'])
      })
      const answer = await readHttp2(stream)
      return { status, body: answer.body.toString() }
    } catch {
      return { status, body: 'cut' }
    }
  }
}
