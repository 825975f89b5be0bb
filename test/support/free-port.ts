import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what systems give to connections and to port 0, so that only another caller of this can be in the way. */
const FIRST = 10_000
const END = 32_000
const TRIES = 100

/**
 * A TCP port of 127.0.0.1 that nobody listens on now. Another process may take it in between, so this is only for
 * programs that cannot choose one themselves (port 0).
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(FIRST, END)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port in ${TRIES} tries`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
