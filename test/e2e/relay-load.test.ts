import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { basic } from '../support/landwaiter.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { startRealRegistry } from '../support/real-registry.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** Around the sizes of records, chunks and buffers. */
const EDGES = [1, 16 * KIB, 64 * KIB, 256 * KIB, MIB].flatMap(size => [size - 1, size, size + 1])
const SIZES = [...EDGES, 3 * MIB + 7, 5 * MIB]
const LANES = 16
const FRAMINGS = ['length', 'chunked', 'as a whole'] as const

type Framing = (typeof FRAMINGS)[number]
type Send = (
  method: 'GET' | 'POST' | 'PATCH' | 'PUT',
  place: string,
  options?: {
    readonly body?: Buffer
    readonly isChunked?: boolean
    readonly headers?: Record<string, string>
  },
) => Promise<{ readonly status: number; readonly location: string; readonly body: Buffer }>

for (const workers of [1, 2]) {
  t.test(`every body arrives byte for byte under load (workers: ${workers})`, async t => {
    const { upstream } = await startRealRegistry(t)
    const landwaiter = await startLandwaiterProcess(t, { registry: { upstream, auth: 'none' }, workers })
    const send = sender(t, landwaiter)
    const jobs = FRAMINGS.flatMap(framing => SIZES.map(size => ({ framing, size })))
    const wrong: string[] = []
    const lane = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const fault = await roundTrip(send, job).catch(String)
        if (fault !== undefined) wrong.push(`${job.framing}, ${job.size} bytes: ${fault}`)
        const small = await send('GET', '/v2/')
        if (small.status !== 200) wrong.push(`a small request: ${small.status}`)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    t.strictSame(wrong, [])
    t.notMatch(landwaiter.output(), /"level":"error"/)
  })
}

/** Uploads so many bytes and reads them, as a whole and in part; what is wrong, or `undefined`. */
async function roundTrip(
  send: Send,
  { framing, size }: { readonly framing: Framing; readonly size: number },
): Promise<string | undefined> {
  const bytes = randomBytes(size)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  let { location } = await send('POST', '/v2/dev/load/blobs/uploads/')
  if (framing !== 'as a whole') {
    const patched = await send('PATCH', location, { body: bytes, isChunked: framing === 'chunked' })
    if (patched.status !== 202) return `PATCH ${patched.status}`
    location = patched.location
  }
  const body = framing === 'as a whole' ? bytes : Buffer.alloc(0)
  const put = await send('PUT', `${location}&digest=${digest}`, { body })
  if (put.status !== 201) return `PUT ${put.status} ${put.body}`
  const blob = `/v2/dev/load/blobs/${digest}`
  const whole = await send('GET', blob)
  if (whole.status !== 200 || !whole.body.equals(bytes))
    return `GET ${whole.status}, ${whole.body.length} bytes`
  if (size < 2) return undefined
  const from = size >> 1
  const part = await send('GET', blob, { headers: { range: `bytes=${from}-` } })
  if (part.status !== 206 || !part.body.equals(bytes.subarray(from))) return `range: ${part.status}`
  return undefined
}

function sender(t: Test, { host, caFile }: LandwaiterProcess): Send {
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile) } })
  t.teardown(() => dispatcher.destroy())
  return async (method, place, { body, isChunked = false, headers = {} } = {}) => {
    const { pathname, search } = new URL(place, `https://${host}`)
    const answer = await request(`https://${host}${pathname}${search}`, {
      method,
      dispatcher,
      headers: { authorization: basic('admin'), 'content-type': 'application/octet-stream', ...headers },
      ...(body === undefined ? {} : { body: isChunked ? Readable.from(pieces(body)) : body }),
    })
    return {
      status: answer.statusCode,
      location: String(answer.headers['location'] ?? ''),
      body: Buffer.from(await answer.body.arrayBuffer()),
    }
  }
}

/** A body whose length is not told: pieces of odd sizes. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_001) yield bytes.subarray(at, at + 50_001)
}
