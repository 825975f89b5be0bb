import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createTcp, type Server, type Socket } from 'node:net'
import { createServer as createTls } from 'node:tls'
import { createClientCa } from '../../support/client-ca.ts'
import { freePort } from '../../support/free-port.ts'
import type { Scope } from '../../support/scope.ts'
import { commonSettings, type Receiver } from './receiver.ts'

/** RFC 5424 §6 as far as we write it: priority, version, time, host, application, process, message id, data, message. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z) ([!-~]{1,255}) landwaiter - ([!-~]{1,32}) (\[landwaiter@32473(?: [\w.]+="(?:[^"\\\]]|\\["\\\]])*")*\]) (.*)$/s

/** A strict receiver of RFC 5424 in frames of their length, over TCP or TLS, not started. */
export async function createSyslogReceiver(
  t: Scope,
  scheme: 'tcp' | 'tls',
): Promise<Receiver & { readonly faults: unknown[]; readonly connections: () => number }> {
  const port = await freePort()
  const ca = scheme === 'tls' ? createClientCa(t, 'receivers') : undefined
  const pair = ca?.issue({ subject: '/CN=receiver', names: 'DNS:localhost', usage: 'serverAuth' })
  const seen: number[] = []
  const faults: unknown[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let isPaused = false
  let server: Server | undefined
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server?.listening) await new Promise(resolve => server?.close(resolve))
    server = undefined
  }
  t.teardown(stop)
  const accept = (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    let rest = Buffer.alloc(0)
    socket.on('data', chunk => {
      rest = takeFrames(Buffer.concat([rest, chunk]), message => {
        try {
          seen.push(parseMessage(message))
        } catch (error) {
          faults.push(error)
        }
      })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (isPaused) socket.pause()
  }
  return {
    faults,
    connections: () => connections,
    settings: {
      ...commonSettings(`syslog-${scheme}`),
      type: 'syslog',
      url: `${scheme}://localhost:${port}`,
      facility: 'local0',
      ca: ca === undefined ? undefined : readFileSync(ca.file, 'utf8'),
    },
    seen: () => seen,
    start: async () => {
      server = pair === undefined ? createTcp(accept) : createTls(pair, accept)
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    stop,
    pause: () => {
      isPaused = true
      for (const socket of sockets) socket.pause()
    },
    resume: () => {
      isPaused = false
      for (const socket of sockets) socket.resume()
    },
  }
}

/** Calls `take` for each whole frame; returns what is left. */
export function takeFrames(data: Buffer, take: (message: string) => void): Buffer<ArrayBuffer> {
  let rest = Buffer.from(data)
  for (;;) {
    const space = rest.indexOf(0x20)
    if (space === -1) return rest
    const length = Number(rest.subarray(0, space).toString())
    if (!Number.isInteger(length)) throw new Error(`no frame: ${rest.subarray(0, 80)}`)
    if (rest.length < space + 1 + length) return rest
    take(rest.subarray(space + 1, space + 1 + length).toString('utf8'))
    rest = rest.subarray(space + 1 + length)
  }
}

function parseMessage(message: string): number {
  const [, priority, time, host, action, data = '', text = ''] = MESSAGE.exec(message) ?? []
  const line = JSON.parse(text)
  if (priority !== String(16 * 8 + 6) || time !== line.time) throw new Error(message)
  if (host !== line.node || action !== line.action || !data.includes(` seq="${line.seq}"`))
    throw new Error(message)
  return line.seq
}
