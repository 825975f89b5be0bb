import { once } from 'node:events'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { createCachedForward } from '../../src/content/cached-forward.ts'
import type { ContentExchange, Forward } from '../../src/content/content-exchange.ts'
import { type BroadcastChange, createFreshness, type Freshness } from '../../src/content/freshness.ts'
import { createMemoryCache } from '../../src/content/memory-cache.ts'
import { createWatchedSend } from '../../src/content/watched-write.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { digestOf, MANIFEST_TYPE, manifest, otherManifest } from '../e2e/parity-content.ts'
import { startBlobServer } from '../support/blob-server.ts'

const SETTINGS = { manifests: 1e6, blobs: 1e6, existence_ttl_ms: 60_000, tag_ttl_ms: 60_000 }
const TAG = '/v2/a/b/manifests/v1'
const DIGEST = `/v2/a/b/manifests/${digestOf(manifest)}`

interface HeldOptions {
  readonly broadcast?: BroadcastChange
  readonly beforeAnswer?: ContentExchange['beforeAnswer']
}

/** A registry with one tag, whose answers can be held back after they have been made up. */
interface Held {
  readonly get: (path: string) => Promise<Buffer | number>
  /** Moves the tag, or deletes what it points to with undefined, through us. */
  readonly write: (to: Buffer | undefined) => Promise<void>
  /** Every read from now on waits for the function that is returned. */
  readonly hold: () => () => void
  readonly reads: () => number
  readonly freshness: Freshness
  /** What the tag points to in the registry. */
  current: Buffer | undefined
}

async function startHeld(t: Test, { broadcast, beforeAnswer }: HeldOptions = {}): Promise<Held> {
  let gate: Promise<void> = Promise.resolve()
  let reads = 0
  const held: { current: Buffer | undefined } = { current: manifest }
  const forward: Forward<ContentExchange> = async exchange => {
    reads += 1
    const { current } = held
    await gate
    return current === undefined ? notFound(exchange) : sendManifest(exchange, current)
  }
  const freshness = createFreshness(broadcast)
  const cache = createMemoryCache(SETTINGS, freshness)
  const front = (next: Forward<ContentExchange>) =>
    createCachedForward(next, { cache, count: () => undefined })
  const server = await startBlobServer(t, { front, forward, ...(beforeAnswer && { beforeAnswer }) })
  const send = createWatchedSend(
    async (_exchange: { readonly request: RegistryRequest }, body?: Uint8Array) => {
      held.current = body === undefined ? undefined : Buffer.from(body)
    },
    freshness,
  )
  return Object.assign(held, {
    freshness,
    reads: () => reads,
    get: async (path: string) => {
      const { statusCode, body } = await request(server.url + path, { headers: { accept: MANIFEST_TYPE } })
      const bytes = Buffer.from(await body.arrayBuffer())
      return statusCode === 200 ? bytes : statusCode
    },
    write: (to: Buffer | undefined) => send({ request: writeRequest(to) }, to),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  })
}

function writeRequest(to: Buffer | undefined): RegistryRequest {
  return to === undefined
    ? {
        kind: 'manifest',
        verb: 'delete',
        name: 'a/b',
        reference: { kind: 'digest', digest: digestOf(manifest) },
      }
    : { kind: 'manifest', verb: 'write', name: 'a/b', reference: { kind: 'tag', tag: 'v1' } }
}

async function sendManifest({ res, beforeAnswer, tap }: ContentExchange, body: Buffer) {
  const headers = {
    'content-type': MANIFEST_TYPE,
    'content-length': String(body.length),
    'docker-content-digest': digestOf(body),
    etag: `"${digestOf(body)}"`,
  }
  const head = { status: 200, headers, bytesIn: 0 }
  await beforeAnswer(head)
  const show = tap?.(head)
  const ended = once(res, 'close')
  res.writeHead(200, headers)
  const passing = Buffer.from(body)
  show?.(passing)
  res.end(body)
  // A piece is valid only during the call.
  passing.fill(0)
  await ended
  return { status: 200, complete: true, bytesIn: 0, bytesOut: body.length }
}

async function notFound({ res }: ContentExchange) {
  res.writeHead(404).end()
  return { status: 404, complete: true, bytesIn: 0, bytesOut: 0 }
}

t.test('what is asked twice is asked of the registry once', async t => {
  const held = await startHeld(t)
  for (const path of [TAG, DIGEST]) {
    t.strictSame(await held.get(path), manifest)
    t.strictSame(await held.get(path), manifest)
  }
  t.equal(held.reads(), 1)
})

t.test('a read that overlaps a whole push keeps nothing', async t => {
  const held = await startHeld(t)
  const release = held.hold()
  const reading = held.get(TAG)
  await waitForReads(held, 1)
  await held.write(otherManifest)
  release()
  t.strictSame(await reading, manifest, 'it was the answer when it was asked')
  t.strictSame(await held.get(TAG), otherManifest)
})

t.test('a read within a push keeps nothing, and the push shows at its end', async t => {
  const held = await startHeld(t)
  t.strictSame(await held.get(TAG), manifest)
  const { promise: within, resolve: end } = Promise.withResolvers<void>()
  const change = { repository: 'a/b', scope: 'tags' } as const
  const writing = held.freshness.during(change, () => within)
  t.strictSame(await held.get(TAG), manifest)
  t.strictSame(await held.get(TAG), manifest)
  t.equal(held.reads(), 3, 'no read in between is answered from memory')
  held.current = otherManifest
  end()
  await writing
  t.strictSame(await held.get(TAG), otherManifest)
})

t.test('a read that overlaps a deletion keeps nothing', async t => {
  const held = await startHeld(t)
  const release = held.hold()
  const reading = Promise.all([held.get(TAG), held.get(DIGEST)])
  await waitForReads(held, 2)
  await held.write(undefined)
  release()
  t.strictSame(await reading, [manifest, manifest])
  t.equal(await held.get(TAG), 404)
  t.equal(await held.get(DIGEST), 404)
})

t.test('a push leaves what is known by digest, a deletion does not', async t => {
  const held = await startHeld(t)
  t.strictSame(await held.get(DIGEST), manifest)
  await held.write(otherManifest)
  t.strictSame(await held.get(DIGEST), manifest)
  t.equal(held.reads(), 1)
  await held.write(undefined)
  t.equal(await held.get(DIGEST), 404)
})

t.test('who looks at answers before they go out sees and stops those from memory, too', async t => {
  const seen: unknown[] = []
  const held = await startHeld(t, {
    beforeAnswer: async ({ status, headers }) => {
      seen.push([status, headers['docker-content-digest']])
      if (seen.length > 2) throw new Error('not signed')
    },
  })
  t.strictSame(await held.get(DIGEST), manifest)
  t.strictSame(await held.get(DIGEST), manifest)
  t.equal(await held.get(DIGEST), 500)
  t.strictSame(seen, Array(3).fill([200, digestOf(manifest)]))
  t.equal(held.reads(), 1)
})

t.test('a failed write is forgotten as one that worked', async t => {
  const held = await startHeld(t)
  await held.get(TAG)
  const failing = held.freshness.during({ repository: 'a/b', scope: 'all' }, async () => {
    held.current = undefined
    throw new Error('no answer in time')
  })
  await t.rejects(failing, { message: 'no answer in time' })
  t.equal(await held.get(TAG), 404)
})

t.test('a write in one thread is known in the others when it is acknowledged', async t => {
  const others: Held[] = []
  const held = await startHeld(t, {
    broadcast: async change => {
      await new Promise(resolve => setImmediate(resolve))
      for (const { freshness } of others) freshness.apply(change)
    },
  })
  const other = await startHeld(t)
  others.push(other)
  t.strictSame(await other.get(TAG), manifest)
  await held.write(otherManifest)
  other.current = otherManifest
  t.strictSame(await other.get(TAG), otherManifest)
  t.strictSame(await other.get(DIGEST), manifest)
  t.equal(other.reads(), 2)
  await held.write(undefined)
  other.current = undefined
  t.equal(await other.get(DIGEST), 404)
})

async function waitForReads(held: Held, count: number): Promise<void> {
  while (held.reads() < count) await new Promise(resolve => setImmediate(resolve))
}
