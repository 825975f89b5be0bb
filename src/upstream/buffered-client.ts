import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher, request } from 'undici'
import { UpstreamUnavailable } from '../model/errors.ts'
import { type UpstreamAddress, upstreamName } from './address.ts'

const CONNECT_TIMEOUT_MS = 5_000
const CONNECTIONS = 16

/** An answer in memory; `isCut` when its body was longer than asked for. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly isCut: boolean
}

/** One request of ours. */
export interface BufferedRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body?: Uint8Array
  readonly maxBytes: number
  /** Without a byte for so long the registry is given up. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Requests to the registry whose bodies are small. */
export interface BufferedClient {
  /** @throws UpstreamUnavailable when there is no whole answer, the signal's reason when it aborted. */
  ask(path: string, options: BufferedRequest): Promise<WholeAnswer>
  /** A GET that the registry has redirected to its storage; no credentials are sent. Throws as `ask`. */
  askStorage(url: string, options: BufferedRequest): Promise<WholeAnswer>
  close(): Promise<void>
}

/** A client of at most 16 connections. It never sends a request twice. */
export function createBufferedClient(address: UpstreamAddress): BufferedClient {
  const name = upstreamName(address)
  const connect = { timeout: CONNECT_TIMEOUT_MS }
  const registry = new Agent({
    connections: CONNECTIONS,
    connect: address.kind === 'unix' ? { ...connect, socketPath: address.path } : connect,
  })
  const storage = new Agent({ connections: CONNECTIONS, connect })
  const origin =
    address.kind === 'unix' ? 'http://localhost' : `http://${hostOf(address.host)}:${address.port}`
  const send = async (url: string, options: BufferedRequest, dispatcher: Dispatcher) => {
    try {
      return await readWhole(url, options, dispatcher)
    } catch (error) {
      options.signal?.throwIfAborted()
      throw unavailable(name, error)
    }
  }
  return {
    ask: (path, options) => send(origin + path, options, registry),
    askStorage: (url, options) => send(url, options, storage),
    close: async () => {
      await Promise.all([registry.destroy(), storage.destroy()])
    },
  }
}

async function readWhole(
  url: string,
  { method, headers, body, maxBytes, timeoutMs, signal }: BufferedRequest,
  dispatcher: Dispatcher,
): Promise<WholeAnswer> {
  const answer = await request(url, {
    method,
    headers,
    body: body ?? null,
    dispatcher,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    signal: signal ?? null,
  })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer.body) {
    size += chunk.length
    if (size > maxBytes) break
    chunks.push(chunk)
  }
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.concat(chunks),
    isCut: size > maxBytes,
  }
}

function unavailable(upstream: string, cause: unknown): UpstreamUnavailable {
  const isConnect = isConnectFault(cause)
  const what = isConnect ? 'cannot be reached' : 'did not answer'
  return new UpstreamUnavailable(
    isConnect ? 'connect' : 'headers',
    `the registry ${what}, try again shortly`,
    {
      cause: new Error(`upstream ${upstream}`, { cause }),
    },
  )
}

/** A name may have several addresses: then it is one error for all of them. */
function isConnectFault(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isConnectFault)
  if (!(error instanceof Error)) return false
  const { syscall, code } = error as NodeJS.ErrnoException
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function hostOf(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
