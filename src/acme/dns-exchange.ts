import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { type DnsServer, describeDnsServer, dnsPort } from './dns-server.ts'

const RESPONSE_FLAG = 0x8000
const HEADER_BYTES = 12

/** How one message is sent. */
export interface DnsExchangeOptions {
  readonly over: 'udp' | 'tcp'
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * The answer to one DNS message, as bytes of at least a header, with the same identifier. Rejects with the reason of
 * the signal, or with an error that says in words what happened to the server.
 */
export async function exchangeDns(
  server: DnsServer,
  message: Buffer,
  options: DnsExchangeOptions,
): Promise<Buffer> {
  options.signal.throwIfAborted()
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const stop = AbortSignal.any([options.signal, deadline])
  try {
    return await (options.over === 'udp' ? overUdp : overTcp)(server, message, stop)
  } catch (cause) {
    options.signal.throwIfAborted()
    const name = describeDnsServer(server)
    if (deadline.aborted)
      throw new Error(`${name} did not answer within ${options.timeoutMs / 1000} s`, { cause })
    throw new Error(`${name} cannot be reached (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, {
      cause,
    })
  }
}

function overUdp(server: DnsServer, message: Buffer, stop: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', reject)
  socket.on('message', reply => {
    if (answers(reply, message)) resolve(reply)
  })
  // Connected, so that a refusal is reported and nobody else is heard.
  socket.connect(dnsPort(server), server.host, () => socket.send(message))
  return settleWith(promise, { stop, reject, release: () => socket.close() })
}

function overTcp(server: DnsServer, message: Buffer, stop: AbortSignal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = connect(dnsPort(server), server.host)
  let received = Buffer.alloc(0)
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('it closed the connection')))
  socket.on('data', chunk => {
    // A length of 16 bits bounds what is gathered, RFC 1035 §4.2.2.
    received = Buffer.concat([received, chunk])
    if (received.length < 2 || received.length < received.readUInt16BE(0) + 2) return
    const reply = received.subarray(2, received.readUInt16BE(0) + 2)
    if (answers(reply, message)) resolve(reply)
    else reject(new Error('its answer is to another question'))
  })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  socket.write(Buffer.concat([length, message]))
  return settleWith(promise, { stop, reject, release: () => socket.destroy() })
}

function answers(reply: Buffer, message: Buffer): boolean {
  if (reply.length < HEADER_BYTES || reply.readUInt16BE(0) !== message.readUInt16BE(0)) return false
  return (reply.readUInt16BE(2) & RESPONSE_FLAG) !== 0
}

async function settleWith(
  promise: Promise<Buffer>,
  {
    stop,
    reject,
    release,
  }: {
    readonly stop: AbortSignal
    readonly reject: (reason: unknown) => void
    readonly release: () => void
  },
): Promise<Buffer> {
  const onStop = () => reject(stop.reason)
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  try {
    return await promise
  } finally {
    stop.removeEventListener('abort', onStop)
    release()
  }
}
