import { connect, type Socket } from 'node:net'
import { rawRequest } from '../support/hostile-client.ts'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { connectRaw } from '../support/raw-client.ts'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Framing } from './smuggling-corpus.ts'

/** How clients reach landwaiter. */
export type ListenerKind = 'TLS' | 'plain'

/** What came back on a connection that the server has closed; `fault` is how it was cut, when it was. */
export interface RawAnswer {
  readonly text: string
  readonly fault: string | undefined
}

/** A landwaiter before `upstream`, and an administrator's client that writes raw bytes. */
export interface SmugglingWorld {
  /** Header lines of every honest request. */
  readonly honest: readonly string[]
  /** Sends bytes (latin1) on a connection of its own, and resolves when the server has closed it. */
  readonly exchange: (bytes: string) => Promise<RawAnswer>
}

const PLAIN = { tls: { mode: 'off' }, listen: { http: '127.0.0.1:0', admin: '127.0.0.1:0' } }

/** Starts the landwaiter; stopped at teardown. */
export async function startWorld(
  t: Scope,
  { kind, upstream }: { readonly kind: ListenerKind; readonly upstream: string },
): Promise<SmugglingWorld> {
  const registry = { upstream, auth: 'none' }
  const landwaiter = await startLandwaiter(t, { config: { registry, ...(kind === 'plain' ? PLAIN : {}) } })
  const open = async (): Promise<Socket> =>
    kind === 'TLS'
      ? (await connectRaw(t, landwaiter, { read: false })).socket
      : connect(Number(landwaiter.host.split(':')[1]), '127.0.0.1')
  return {
    honest: [`Host: ${landwaiter.host}`, `Authorization: ${basic('admin')}`],
    exchange: async bytes => talk(await open(), bytes),
  }
}

async function talk(socket: Socket, bytes: string): Promise<RawAnswer> {
  const pieces: Buffer[] = []
  let fault: string | undefined
  let isClosed = false
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    fault = error.code
  })
  socket.once('close', () => {
    isClosed = true
  })
  socket.write(bytes, 'latin1')
  await waitFor(`the end of ${JSON.stringify(bytes.slice(0, 500))}`, () => isClosed)
  return { text: Buffer.concat(pieces).toString('latin1'), fault }
}

/** The bytes of a framing; `line` is the request where it names none. */
export function bytesOf(
  { head, line, headers = [], body = '' }: Framing,
  request: string,
  honest: readonly string[],
): string {
  const [host = '', authorization = ''] = honest
  if (head !== undefined) return `${head.replace('HOST', host).replace('AUTH', authorization)}\r\n\r\n${body}`
  return rawRequest([line ?? request, ...honest, ...headers], body)
}

/** Runs `work` for every item, in so many lanes at the same time; each lane takes the next item when it is free. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T, lane: number) => Promise<void>,
): Promise<void> {
  const left = [...items]
  const run = async (lane: number) => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item, lane)
  }
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)))
}
