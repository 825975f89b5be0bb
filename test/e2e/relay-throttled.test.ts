import { readFileSync } from 'node:fs'
import t from 'tap'
import { basic } from '../support/landwaiter.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const TOTAL = 16 * MIB
const CLIENTS = 40
const CONTENT = Buffer.alloc(TOTAL, 'x')
const AUTHORIZATION = `Authorization: ${basic('admin')}`
/** The budget of bodies in transit, and what everything else may take meanwhile. */
const GROWTH = 200 * MIB

t.test('40 slow clients keep to the budget, and small requests pass them', async t => {
  const { upstream } = await startStandIn(t, ({ head, early, socket, next }) => {
    const isBlob = head.includes('/blobs/')
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${isBlob ? TOTAL : 2}\r\n\r\n`)
    socket.write(isBlob ? CONTENT : '{}')
    next(early)
  })
  const landwaiter = await startLandwaiterProcess(t, { registry: { upstream, auth: 'none' }, cache: 'off' })
  const resident = () =>
    Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${landwaiter.pid}/status`, 'utf8'))?.[1]) * 1024
  const host = `Host: ${landwaiter.host}`
  const small = async () => {
    const client = await connectRaw(t, landwaiter)
    client.socket.write(requestHead('GET /v2/a/tags/list', host, AUTHORIZATION, 'Connection: close'))
    await client.closed
    return client.received().toString()
  }
  t.match(await small(), /^HTTP\/1\.1 200 /)
  const before = resident()
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      const { socket, closed } = await connectRaw(t, landwaiter, { read: false })
      const digest = `sha256:${String(index).padStart(64, '0')}`
      socket.write(requestHead(`GET /v2/a/blobs/${digest}`, host, AUTHORIZATION, 'Connection: close'))
      const client = { socket, closed, arrived: 0 }
      socket.on('data', (piece: Buffer) => {
        client.arrived += piece.length
        // Each takes its part now and then.
        socket.pause()
        setTimeout(() => socket.resume(), 20)
      })
      return client
    }),
  )
  let peak = 0
  await waitFor('a mebibyte for each', () => {
    peak = Math.max(peak, resident())
    return clients.every(({ arrived }) => arrived > MIB)
  })
  for (let asked = 0; asked < 20; asked += 1) {
    t.match(await small(), /^HTTP\/1\.1 200 [\s\S]*\{\}$/, 'a small request beside them')
    peak = Math.max(peak, resident())
  }
  t.ok(
    peak - before < GROWTH,
    `${Math.round(before / MIB)} MiB before, ${Math.round(peak / MIB)} MiB with them`,
  )
  for (const { socket } of clients)
    socket
      .removeAllListeners('data')
      .on('data', () => undefined)
      .resume()
  await Promise.all(clients.map(({ closed }) => closed))
  const pulls = await waitFor('the lines', () => {
    const lines = landwaiter.audit().filter(({ action }) => action === 'pull')
    return lines.length >= CLIENTS && lines
  })
  t.strictSame([...new Set(pulls.map(line => `${line.outcome} ${line.bytes_out}`))], [`success ${TOTAL}`])
  t.comment(`${Math.round(before / MIB)} MiB before, ${Math.round(peak / MIB)} MiB with 40 slow clients`)
})
