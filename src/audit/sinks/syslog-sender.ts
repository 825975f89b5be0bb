import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { messageOf } from '../../model/message-of.ts'
import { SendFailed } from './send-failed.ts'
import type { Sender } from './sender.ts'
import type { SyslogSettings } from './sink-settings.ts'
import { syslogFrame } from './syslog-message.ts'

/**
 * Between the last line and our end. A receiver that closed before the line came to it resets the connection within a
 * round trip, which must not be taken for its answer to our end.
 */
const SETTLE_MS = 200

/** A connection that has lines on it which nobody has confirmed. */
interface Connection {
  readonly socket: Socket
  /** Rejects when the connection ends, or the peer ends it. */
  readonly broken: Promise<never>
  /** Resolves when the peer has ended its side. */
  readonly ended: Promise<void>
}

/**
 * Syslog over TCP or TLS has no acknowledgement. What stands for one: we end our side of the connection, and the receiver
 * its own when it has read to that end. So a connection is only as old as the lines on it that are unconfirmed; when it
 * breaks before, or the receiver ends it first, all of them have to be sent again.
 */
export function createSyslogSender(settings: SyslogSettings): Sender {
  let open: Connection | undefined
  const drop = () => {
    open?.socket.destroy()
    open = undefined
  }
  const attempt = async (signal: AbortSignal, task: () => Promise<void>): Promise<void> => {
    const timeout = AbortSignal.timeout(settings.timeout_ms)
    const both = AbortSignal.any([signal, timeout])
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(new SendFailed('timeout', 'it did not take the lines in time'))
    both.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([task(), aborted.promise])
    } catch (error) {
      drop()
      throw error instanceof SendFailed ? error : failureOf(error)
    } finally {
      both.removeEventListener('abort', abort)
    }
  }
  return {
    accepts: () => true,
    send: (lines, signal) =>
      attempt(signal, async () => {
        open ??= await connect(settings, signal)
        const frames = lines.map(line => syslogFrame(line, settings.facility)).join('')
        await Promise.race([write(open.socket, frames), open.broken])
      }),
    confirm: signal =>
      attempt(signal, async () => {
        const connection = open
        if (connection === undefined) throw new SendFailed('reset', 'the connection was lost')
        await finish(connection)
        drop()
      }),
    close: async () => drop(),
  }
}

async function connect({ url, ca, timeout_ms }: SyslogSettings, signal: AbortSignal): Promise<Connection> {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const target = { host, port: Number(port), allowHalfOpen: true }
  const isTls = protocol === 'tls:'
  const socket = isTls
    ? connectTls({
        ...target,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca }),
      })
    : connectTcp(target)
  socket.setNoDelay(true)
  const connected = Promise.withResolvers<void>()
  const broken = Promise.withResolvers<never>()
  const ended = Promise.withResolvers<void>()
  // Nobody may be waiting just now.
  broken.promise.catch(() => undefined)
  connected.promise.catch(() => undefined)
  const fail = (error: unknown) => {
    connected.reject(new SendFailed('connect', messageOf(error), { cause: error }))
    broken.reject(failureOf(error))
  }
  socket.once(isTls ? 'secureConnect' : 'connect', () => connected.resolve())
  socket.once('end', () => ended.resolve())
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  // What a receiver says is of no meaning, but must be read to see its end.
  socket.resume()
  const abort = () => socket.destroy()
  const signals = AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)])
  signals.addEventListener('abort', abort, { once: true })
  try {
    await connected.promise
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signals.removeEventListener('abort', abort)
  }
  return { socket, broken: broken.promise, ended: ended.promise }
}

function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, error => (error ? reject(failureOf(error)) : resolve()))
  })
}

async function finish({ socket, broken, ended }: Connection): Promise<void> {
  const tooEarly = ended.then(() => {
    throw new SendFailed('reset', 'the receiver ended the connection')
  })
  await Promise.race([pause(SETTLE_MS), broken, tooEarly])
  await Promise.race([new Promise<void>(resolve => socket.end(() => resolve())), broken])
  await Promise.race([ended, broken])
}

function failureOf(error: unknown): SendFailed {
  return new SendFailed('reset', messageOf(error), { cause: error })
}
