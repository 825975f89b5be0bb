import t, { type Test } from 'tap'
import { createConnectionPool } from '../../src/upstream/connection-pool.ts'
import { openRegistryConnection, type RegistryConnection } from '../../src/upstream/registry-connection.ts'
import { type Serve, startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const LIMITS = { connectMs: 5_000, silenceMs: 60_000 }

async function startPool(t: Test, serve: Serve = () => undefined) {
  const { port } = new URL((await startStandIn(t, serve)).upstream)
  const address = { kind: 'tcp', host: '127.0.0.1', port: Number(port) } as const
  const pool = createConnectionPool(address, LIMITS)
  t.teardown(() => pool.close())
  return { pool, address }
}

const isOver = ({ socket }: RegistryConnection) => socket.destroyed

t.test('the connection that was used last is used next', async t => {
  const { pool } = await startPool(t)
  const [older, newer] = [await pool.acquire(), await pool.acquire()]
  t.strictSame([older.isReused, newer.isReused], [false, false])
  pool.release(older)
  pool.release(newer)
  t.equal(await pool.acquire(), newer)
  t.equal(newer.isReused, true)
  t.equal(await pool.acquire(), older)
})

t.test('a connection on which something comes between requests is not used again', async t => {
  const { pool } = await startPool(
    t,
    ({ socket }) => void socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n'),
  )
  const connection = await pool.acquire()
  pool.release(connection)
  connection.socket.write('GET / HTTP/1.1\r\n\r\n')
  await waitFor('the end of the connection', () => isOver(connection))
  const next = await pool.acquire()
  t.not(next, connection)
  t.equal(next.isReused, false)
})

t.test('a connection that the registry closes is not used again', async t => {
  const { pool } = await startPool(t, ({ socket }) => void socket.end())
  const connection = await pool.acquire()
  pool.release(connection)
  connection.socket.write('GET / HTTP/1.1\r\n\r\n')
  await waitFor('the end of the connection', () => isOver(connection))
  t.not(await pool.acquire(), connection)
})

t.test('no more than 256 are kept, and none after the end', async t => {
  const { pool, address } = await startPool(t)
  const connections = await Promise.all(
    Array.from({ length: 260 }, () => openRegistryConnection(address, LIMITS)),
  )
  for (const connection of connections) pool.release(connection)
  t.equal(connections.filter(isOver).length, 4)
  pool.close()
  t.equal(connections.filter(isOver).length, 260)
  const late = await openRegistryConnection(address, LIMITS)
  pool.release(late)
  t.ok(isOver(late))
})
