import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from '../model/has-body.ts'
import type { TransferBuffers } from '../model/ports.ts'
import type { UpstreamAddress } from './address.ts'
import { type AnswerReader, createAnswerReader } from './answer-reader.ts'
import { createConnectionPool } from './connection-pool.ts'
import type { ConnectionLimits, RegistryConnection } from './registry-connection.ts'
import { type RequestBody, sendRequestBody } from './request-body.ts'
import { requestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'
import { createResponseSink } from './response-sink.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'
import { createYoungGarbage, type YoungGarbage } from './young-garbage.ts'

/** A permitted request; `head` is what the registry gets. */
interface RelayedRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly head: string
}

/** The client left before there was an answer; so much of its body had come. */
export interface ClientLeft {
  readonly status: undefined
  readonly bytesIn: () => number
}

/** Carries requests to the registry and its answers back, socket to socket. */
export interface Relay {
  /** The answer to `req`, its body unread. Rejects with the system's error. */
  ask(req: IncomingMessage, res: ServerResponse): Promise<UpstreamAnswer | ClientLeft>
  close(): void
}

/**
 * The way of bodies: node:http hands over every 64 KiB in a buffer of its own, at two to three times the CPU of this
 * (README, "Speed"). Nothing with a body is sent twice.
 */
export function createRelay(
  address: UpstreamAddress,
  { buffers, limits }: { readonly buffers: TransferBuffers; readonly limits: ConnectionLimits },
): Relay {
  const pool = createConnectionPool(address, limits)
  const shared = { buffers, garbage: createYoungGarbage(), release: pool.release }
  const attempt = (request: RelayedRequest, connection: RegistryConnection) =>
    sendOn(connection, request, shared)
  return {
    close: pool.close,
    ask: async (req, res) => {
      const request = { req, res, head: requestHead(req) }
      const acquired = pool.acquire()
      const connection = acquired instanceof Promise ? await acquired : acquired
      if (res.destroyed) {
        pool.release(connection)
        return { status: undefined, bytesIn: () => 0 }
      }
      const first = await attempt(request, connection)
      if (!isStale(first, connection, req) || res.destroyed) return answerOf(first)
      // The registry had closed a kept connection, as by a restart. Without a body one more try is safe.
      return answerOf(await attempt(request, await pool.acquireNew()))
    },
  }
}

/** How one try ended. */
type Outcome =
  | UpstreamAnswer
  | ClientLeft
  | { readonly status: 'fault'; readonly error: Error | undefined; readonly isSilent: boolean }

function isStale(outcome: Outcome, { isReused }: RegistryConnection, { method }: IncomingMessage): boolean {
  return outcome.status === 'fault' && outcome.isSilent && isReused && (method === 'GET' || method === 'HEAD')
}

function answerOf(outcome: Outcome): UpstreamAnswer | ClientLeft {
  if (outcome.status !== 'fault') return outcome
  throw outcome.error ?? new Error('the connection ended without an answer')
}

interface Shared {
  readonly buffers: TransferBuffers
  readonly garbage: YoungGarbage
  readonly release: (connection: RegistryConnection) => void
}

function sendOn(
  connection: RegistryConnection,
  { req, res, head }: RelayedRequest,
  shared: Shared,
): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const lent = lend(connection, shared.release)
  const settle = (outcome: Outcome) => {
    res.off('close', onClose)
    if (typeof outcome.status !== 'number') lent.drop()
    resolve(outcome)
  }
  const onClose = () => settle({ status: undefined, bytesIn: lent.bytesIn })
  const reader = createAnswerReader(req.method ?? '', {
    onHead: found => settle(answerWith(found, { reader, lent, shared })),
    onFault: (error, isSilent) => settle({ status: 'fault', error, isSilent }),
    onEnd: isClean => (isClean ? lent.giveBack() : lent.drop()),
  })
  res.once('close', onClose)
  connection.attach(reader)
  connection.socket.write(head, 'latin1')
  if (hasBody(req.headers)) lent.carry(sendRequestBody(req, connection.socket, shared))
  return promise
}

/** A connection that is ours until it is given back or dropped, and the request's body on it. */
interface Lent {
  carry(body: RequestBody): void
  resume(): void
  bytesIn(): number
  /** Sends no more of a body that has not been sent to its end. */
  stopBody(): void
  giveBack(): void
  drop(): void
}

function lend(connection: RegistryConnection, release: (connection: RegistryConnection) => void): Lent {
  let isOurs = true
  let body: RequestBody | undefined
  const stopBody = () => {
    if (body?.isSent() === false) body.stop()
  }
  const drop = () => {
    stopBody()
    if (isOurs) connection.destroy()
    isOurs = false
  }
  return {
    carry: carried => {
      body = carried
    },
    resume: () => {
      if (isOurs) connection.resume()
    },
    bytesIn: () => body?.bytes() ?? 0,
    stopBody,
    drop,
    giveBack: () => {
      if (body?.isSent() === false) return drop()
      if (isOurs) release(connection)
      isOurs = false
    },
  }
}

function answerWith(
  { status, headers }: ResponseHead,
  { reader, lent, shared }: { readonly reader: AnswerReader; readonly lent: Lent; readonly shared: Shared },
): UpstreamAnswer {
  const length = headers['content-length']
  const size = length === undefined ? undefined : Number(length)
  const { resume, drop } = lent
  return {
    status,
    headers,
    bytesIn: lent.bytesIn,
    drop,
    pipe: (res, { end, tap, beforeEnd }) => {
      lent.stopBody()
      const { buffers } = shared
      const { sink, done } = createResponseSink(res, {
        buffers,
        size,
        end,
        tap,
        beforeEnd,
        resume,
        abandon: drop,
      })
      reader.drain(sink)
      resume()
      return done
    },
  }
}
