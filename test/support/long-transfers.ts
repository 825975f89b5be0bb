import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { basic } from './landwaiter.ts'
import type { Scope } from './scope.ts'

export interface LongTransfersOptions {
  readonly port: number
  readonly host: string
  /** PEM of what the client trusts. */
  readonly root: string
  /** How many times the certificate was replaced so far. */
  readonly swaps: () => number
}

/** Uploads and downloads, each of which begins before a swap of certificates and ends after it. */
export interface LongTransfers {
  /** Uploads and downloads that arrived whole, with a swap on the way. */
  readonly crossed: () => number
  readonly failures: readonly string[]
  /** Ends what runs without waiting for a swap. */
  readonly stop: () => Promise<void>
}

const REPOSITORY = '/v2/dev-backend/long'
const MIB = 1024 * 1024
/** More than what lies in the buffers between both ends. */
const PARTS = 24
const AUTHORIZATION = basic('developer')
const TRICKLE_MS = 100

/** One upload, then a download of the same blob, again and again. Stopped at teardown. */
export async function startLongTransfers(t: Scope, options: LongTransfersOptions): Promise<LongTransfers> {
  const agent = new Agent({ ca: options.root, servername: options.host, maxCachedSessions: 0 })
  t.teardown(() => agent.destroy())
  const stopping = new AbortController()
  const client: Client = { ...options, agent, stopping: stopping.signal }
  const failures: string[] = []
  let crossed = 0
  const arrived = () => {
    if (!stopping.signal.aborted) crossed += 1
  }
  const run = async () => {
    while (!stopping.signal.aborted && failures.length === 0) {
      try {
        const digest = await upload(client)
        arrived()
        await download(client, digest)
        arrived()
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  const running = run()
  const stop = async () => {
    stopping.abort()
    await running
  }
  t.teardown(stop)
  return { crossed: () => crossed, failures, stop }
}

interface Client extends LongTransfersOptions {
  readonly agent: Agent
  readonly stopping: AbortSignal
}

/** Resolves after the next swap; calls `trickle` until then. */
async function untilSwapped({ swaps, stopping }: Client, trickle: () => void = () => {}): Promise<void> {
  const before = swaps()
  while (swaps() === before && !stopping.aborted) {
    trickle()
    await sleep(TRICKLE_MS)
  }
}

/** Digest of a blob of random bytes that was uploaded in one request. */
async function upload(client: Client): Promise<string> {
  const begun = await answered(ask(client, 'POST', `${REPOSITORY}/blobs/uploads/`).end())
  expect(begun, 202)
  const hash = createHash('sha256')
  const patch = ask(client, 'PATCH', String(begun.headers.location), {
    'content-type': 'application/octet-stream',
  })
  const patched = answered(patch)
  patched.catch(() => {}) // told where it is awaited
  const send = async (bytes: number) => {
    const part = randomBytes(bytes)
    hash.update(part)
    if (!patch.write(part)) await Promise.race([once(patch, 'drain'), patched])
  }
  for (let part = 0; part < PARTS / 2; part++) await send(MIB)
  await untilSwapped(client, () => void send(1_000))
  for (let part = 0; part < PARTS / 2; part++) await send(MIB)
  patch.end()
  const stored = await patched
  expect(stored, 202)
  const digest = `sha256:${hash.digest('hex')}`
  const place = String(stored.headers.location)
  const put = `${place}${place.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
  expect(await answered(ask(client, 'PUT', put).end()), 201)
  return digest
}

/** Reads a blob: its beginning, and the rest after a swap. */
async function download(client: Client, digest: string): Promise<void> {
  const reply = await answered(ask(client, 'GET', `${REPOSITORY}/blobs/${digest}`).end())
  if (reply.statusCode !== 200) throw new Error(`download: HTTP ${reply.statusCode}`)
  const hash = createHash('sha256')
  let isFirst = true
  for await (const part of reply) {
    hash.update(part)
    if (isFirst) await untilSwapped(client)
    isFirst = false
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error('download: other bytes came back')
}

function ask(
  { agent, host, port }: Client,
  method: string,
  place: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const { pathname, search } = new URL(place, `https://${host}:${port}`)
  return httpsRequest({
    agent,
    host: '127.0.0.1',
    port,
    method,
    path: `${pathname}${search}`,
    headers: { host: `${host}:${port}`, authorization: AUTHORIZATION, ...headers },
  })
}

async function answered(asked: ReturnType<typeof ask>): Promise<IncomingMessage> {
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  return reply
}

function expect(reply: IncomingMessage, status: number): void {
  reply.resume()
  if (reply.statusCode !== status) throw new Error(`HTTP ${reply.statusCode} instead of ${status}`)
}
