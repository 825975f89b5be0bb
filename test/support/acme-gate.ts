import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Pebble } from './pebble.ts'
import type { Scope } from './scope.ts'

/** What a request to the authority is for. */
export type AcmeStep =
  | 'directory'
  | 'nonce'
  | 'new-account'
  | 'account'
  | 'new-order'
  | 'order'
  | 'authorization'
  | 'challenge'
  | 'finalize'
  | 'certificate'
  | 'revoke'
  | 'renewal-info'
  | 'other'

/** One request that reached the gate. */
export interface GateRequest {
  /** From 1, in the order of arrival. */
  readonly number: number
  readonly step: AcmeStep
  readonly method: string
  readonly path: string
  /** Decoded payload of the JWS: an object, or `''` for a POST-as-GET; `undefined` without a JWS. */
  readonly payload: unknown
}

/** An answer; a `problem` or a `json` is its body. */
export interface GateAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly json?: unknown
  /** RFC 8555 §6.7; `type` without its URN prefix. */
  readonly problem?: Readonly<Record<string, unknown>> & { readonly type: string }
}

/**
 * What the gate does with a request: answers itself, `drop` ends the connection before pebble sees it, `lose` after
 * pebble answered, `undefined` passes it on. A promise delays all that.
 */
export type GateVerdict = GateAnswer | 'drop' | 'lose' | undefined

/** Stands before pebble, sees every request and can interfere with each. */
export interface AcmeGate {
  /** URL, to be configured instead of pebble's. */
  readonly directory: string
  readonly requests: readonly GateRequest[]
  /** How many requests there were for a step, with those whose nonce pebble rejected. */
  readonly count: (step: AcmeStep) => number
  /** How many accounts, or orders, pebble made; the answer may have been lost. */
  readonly created: (step: 'new-account' | 'new-order') => number
  /** Payloads of all new orders so far. */
  readonly orders: () => readonly Readonly<Record<string, unknown>>[]
  /** Decides about every request from now on. */
  readonly intercept: (rule: (request: GateRequest) => GateVerdict | Promise<GateVerdict>) => void
  /** Changes what pebble answered, from now on; `undefined` leaves it. */
  readonly rewrite: (rule: (request: GateRequest, answer: PebbleAnswer) => PebbleAnswer | undefined) => void
  /** Announces these profiles in the directory, as name and description. */
  readonly setProfiles: (profiles: Readonly<Record<string, string>>) => void
  /** Answers every question for a renewal window with this; `undefined` lets pebble answer. */
  readonly setWindow: (answer: GateAnswer | undefined) => void
  /** Kills a process when request `number` arrives: before pebble sees it, or after pebble answered. */
  readonly killAt: (kill: {
    readonly number: number
    readonly pid: number
    readonly when: 'before' | 'after'
  }) => void
  readonly close: () => Promise<void>
}

export interface PebbleAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const STEPS: readonly (readonly [prefix: string, step: AcmeStep])[] = [
  ['/dir', 'directory'],
  ['/nonce-plz', 'nonce'],
  ['/sign-me-up', 'new-account'],
  ['/my-account/', 'account'],
  ['/order-plz', 'new-order'],
  ['/my-order/', 'order'],
  ['/authZ/', 'authorization'],
  ['/chalZ/', 'challenge'],
  ['/finalize-order/', 'finalize'],
  ['/certZ/', 'certificate'],
  ['/revoke-cert', 'revoke'],
  ['/draft-ietf-acme-ari', 'renewal-info'],
]

/** A gate before `pebble` on a free port of loopback; closed at teardown. */
export async function startGate(
  t: Scope,
  pebble: Pick<Pebble, 'port' | 'identity' | 'caRoot'>,
): Promise<AcmeGate> {
  const requests: GateRequest[] = []
  const created: GateRequest[] = []
  let rule: Parameters<AcmeGate['intercept']>[0] = () => undefined
  let change: Parameters<AcmeGate['rewrite']>[0] = () => undefined
  let profiles: Readonly<Record<string, string>> | undefined
  let window: GateAnswer | undefined
  let kill: Parameters<AcmeGate['killAt']>[0] | undefined

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await textOf(incoming)
    const seen = describe(requests.length + 1, incoming, body)
    requests.push(seen)
    if (killed(kill, seen, 'before')) return void incoming.socket.destroy()
    const verdict = (await rule(seen)) ?? (seen.step === 'renewal-info' ? window : undefined)
    if (verdict === 'drop') return void incoming.socket.destroy()
    if (typeof verdict === 'object') return send(outgoing, answerOf(verdict))
    const answered = await forward(pebble, incoming, body)
    if (answered.status === 201) created.push(seen)
    if (killed(kill, seen, 'after') || verdict === 'lose') return void incoming.socket.destroy()
    const shown = withProfiles(seen, answered, profiles)
    send(outgoing, change(seen, shown) ?? shown)
  }

  const server = createServer({ cert: pebble.identity.certificate, key: pebble.identity.key })
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const sockets = new Set<Duplex>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  t.teardown(close)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    directory: `https://localhost:${(server.address() as AddressInfo).port}/dir`,
    requests,
    created: step => created.filter(one => one.step === step).length,
    count: step => requests.filter(one => one.step === step).length,
    orders: () =>
      requests.flatMap(one => (one.step === 'new-order' ? [one.payload as Record<string, unknown>] : [])),
    intercept: next => {
      rule = next
    },
    rewrite: next => {
      change = next
    },
    setProfiles: next => {
      profiles = next
    },
    setWindow: next => {
      window = next
    },
    killAt: next => {
      kill = next
    },
    close,
  }
}

/** Whether a process had to be killed now, and was. */
function killed(
  kill: Parameters<AcmeGate['killAt']>[0] | undefined,
  { number }: GateRequest,
  when: 'before' | 'after',
): boolean {
  return kill?.number === number && kill.when === when && process.kill(kill.pid, 'SIGKILL')
}

function describe(number: number, incoming: IncomingMessage, body: string): GateRequest {
  const path = incoming.url ?? ''
  const step = STEPS.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'other'
  return { number, step, method: incoming.method ?? '', path, payload: payloadOf(body) }
}

function payloadOf(body: string): unknown {
  if (body === '') return undefined
  const { payload } = JSON.parse(body) as { payload: string }
  return payload === '' ? '' : JSON.parse(Buffer.from(payload, 'base64url').toString())
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The Host header is kept, since pebble makes its URLs from it and compares them with the signed ones. */
async function forward(
  pebble: Pick<Pebble, 'port' | 'caRoot'>,
  incoming: IncomingMessage,
  body: string,
): Promise<PebbleAnswer> {
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: pebble.port,
    ca: pebble.caRoot,
    servername: 'localhost',
    agent: false,
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, connection: 'close' },
  })
  outgoing.end(body)
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: reply.statusCode ?? 0, headers: reply.headers, body: await textOf(reply) }
}

function answerOf({ status, headers, body, json, problem }: GateAnswer): PebbleAnswer {
  if (problem !== undefined) {
    const type = `urn:ietf:params:acme:error:${problem.type}`
    const text = JSON.stringify({ status, ...problem, type })
    return { status, headers: { 'content-type': 'application/problem+json', ...headers }, body: text }
  }
  if (json === undefined) return { status, headers: headers ?? {}, body: body ?? '' }
  const text = JSON.stringify(json)
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: text }
}

function withProfiles(
  { step }: GateRequest,
  answer: PebbleAnswer,
  profiles: Readonly<Record<string, string>> | undefined,
): PebbleAnswer {
  if (step !== 'directory' || profiles === undefined) return answer
  const directory = JSON.parse(answer.body) as { readonly meta?: object }
  return { ...answer, body: JSON.stringify({ ...directory, meta: { ...directory.meta, profiles } }) }
}

function send(outgoing: ServerResponse, { status, headers, body }: PebbleAnswer): void {
  // The body may have another length than the one that pebble sent.
  const {
    'content-length': _length,
    'transfer-encoding': _encoding,
    connection: _connection,
    ...rest
  } = headers
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) outgoing.setHeader(name, value)
  outgoing.writeHead(status).end(body)
}
