import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { TestLandwaiter } from './landwaiter.ts'
import type { Scope } from './scope.ts'

/** One whole answer. */
export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A connection of Node's own HTTP/2 client, for `serverName` if not the landwaiter's host. */
export async function connectHttp2(
  t: Scope,
  to: Pick<TestLandwaiter, 'host' | 'caFile'>,
  serverName?: string,
): Promise<ClientHttp2Session> {
  const [name = '', port] = to.host.split(':')
  const session = connect(`https://${serverName ?? name}:${port}`, {
    ca: readFileSync(to.caFile),
    host: '127.0.0.1',
    servername: serverName ?? name,
    settings: { initialWindowSize: 1024 * 1024 },
    // Node never gives back what was left to send when a stream is reset.
    maxSessionMemory: 1_000,
  })
  t.teardown(() => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'connect')
  return session
}

/** Sends one request; with `body`, or without one when it is absent. Rejects when the stream is reset. */
export async function askHttp2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return readHttp2(stream)
}

/** The answer on a stream whose request is sent or being sent. */
export async function readHttp2(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  let headers: IncomingHttpHeaders = {}
  stream.once('response', head => {
    headers = head
  })
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject)
    stream.once('close', () =>
      stream.rstCode === 0 ? resolve() : reject(new Error(`reset with code ${stream.rstCode}`)),
    )
  })
  return { status: Number(headers[':status']), headers, body: Buffer.concat(chunks) }
}
