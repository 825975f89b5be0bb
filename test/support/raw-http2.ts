import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'
import type { TestLandwaiter } from './landwaiter.ts'
import type { Scope } from './scope.ts'
import { waitFor } from './wait-for.ts'

/** One frame. Spec: RFC 9113 §4.1. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
}
const ACK = 1
export const END_STREAM = 1
export const END_HEADERS = 4

/** A connection that sends the frames that it is told, and keeps those that come. */
export interface RawHttp2 {
  readonly socket: TLSSocket
  readonly send: (frame: Partial<Frame> & Pick<Frame, 'type'>) => void
  readonly received: () => readonly Frame[]
  readonly closed: Promise<void>
}

/** Connects to a landwaiter and exchanges the prefaces; its own windows are of 16 MiB. */
export async function connectRawHttp2(
  t: Scope,
  to: Pick<TestLandwaiter, 'host' | 'caFile'>,
): Promise<RawHttp2> {
  const [servername = '', port = ''] = to.host.split(':')
  const ca = readFileSync(to.caFile)
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername, ca, ALPNProtocols: ['h2'] })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  const send: RawHttp2['send'] = frame => void socket.write(encode(frame))
  const frames: Frame[] = []
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let frame = decode(rest); frame !== undefined; frame = decode(rest)) {
      rest = rest.subarray(9 + frame.payload.length)
      frames.push(frame)
      if (frame.type === FRAME.settings && frame.flags === 0) send({ type: FRAME.settings, flags: ACK })
    }
  })
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => resolve())
  })
  socket.on('error', () => undefined)
  const window = Buffer.alloc(4)
  window.writeUInt32BE(16 * 1024 * 1024)
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  send({ type: FRAME.settings, payload: Buffer.concat([Buffer.from([0, 4]), window]) })
  send({ type: FRAME.windowUpdate, payload: window })
  // The window of the connection is opened right after the settings.
  await waitFor('the preface', () => frames.some(({ type }) => type === FRAME.windowUpdate))
  return { socket, send, received: () => frames, closed }
}

function decode(bytes: Buffer): Frame | undefined {
  if (bytes.length < 9 || bytes.length < 9 + bytes.readUIntBE(0, 3)) return undefined
  return {
    type: bytes.readUInt8(3),
    flags: bytes.readUInt8(4),
    stream: bytes.readUInt32BE(5),
    payload: bytes.subarray(9, 9 + bytes.readUIntBE(0, 3)),
  }
}

function encode({ type, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Partial<Frame>): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type ?? 0, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A header block of literals without indexing, each shorter than 255 bytes. Spec: RFC 7541 §5.1, §6.2.2. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const length = (count: number) => (count < 127 ? [count] : [127, count - 127])
  const text = (value: string) => Buffer.from([...length(value.length), ...Buffer.from(value, 'latin1')])
  return Buffer.concat(
    Object.entries(headers).map(([name, value]) =>
      Buffer.concat([Buffer.from([0]), text(name), text(value)]),
    ),
  )
}

/** The payload of RST_STREAM. */
export function resetCode(code: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(code)
  return payload
}
