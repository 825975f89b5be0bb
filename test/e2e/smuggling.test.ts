import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { rawRequest } from '../support/hostile-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { payloadOf, type RecordedRequest, startRecordingUpstream } from '../support/recording-upstream.ts'
import { type Framing, REFUSED } from './smuggling-corpus.ts'
import { PASSED } from './smuggling-passed.ts'
import { bytesOf, inLanes, type ListenerKind, type SmugglingWorld, startWorld } from './smuggling-world.ts'

const LANES = 8
const PUT = 'PUT /v2/a/manifests/x HTTP/1.1'
const PATCH = 'PATCH /v2/a/blobs/uploads/u?_state=s HTTP/1.1'
const GET = 'GET /v2/a/tags/list HTTP/1.1'
const CHUNKED = 'Transfer-Encoding: chunked'
/** More than what lies in the buffers between both ends. */
const FLOOD = 'x'.repeat(8 * 1024 * 1024)

/** Each framing with each request that it is tried with. */
const TRIES: readonly (readonly [framing: Framing, request: 'manifest' | 'upload'])[] = REFUSED.flatMap(
  framing =>
    framing.line === undefined && framing.head === undefined
      ? [[framing, 'manifest'] as const, [framing, 'upload'] as const]
      : [[framing, 'manifest'] as const],
)

for (const kind of ['TLS', 'plain'] as const) {
  t.test(`over ${kind}`, async t => {
    await t.test('before a registry that keeps what it gets', t => beforeRecording(t, kind))
    await t.test('before a real registry', t => beforeReal(t, kind))
  })
}

async function beforeRecording(t: Test, kind: ListenerKind): Promise<void> {
  const upstream = await startRecordingUpstream(t)
  const world = await startWorld(t, { kind, upstream: upstream.upstream })
  const hidden = rawRequest(['DELETE /v2/secret/manifests/x HTTP/1.1', ...world.honest, 'Connection: close'])

  await t.test('400 and a closed connection answer every framing that has two readings', async t => {
    await inLanes(TRIES, LANES, async ([framing, request]) => {
      const bytes = bytesOf(framing, request === 'manifest' ? PUT : PATCH, world.honest)
      expectRefusal(t, await world.exchange(bytes + hidden), `${request}, ${framing.why}`)
    })
    t.strictSame(
      upstream.take().map(lineOf),
      [],
      'the registry gets no request, neither this nor what follows',
    )
  })

  await t.test('framings with one reading pass, framed anew', async t => {
    const next = rawRequest([GET, ...world.honest, 'Connection: close'])
    for (const { why, headers, body, payload } of PASSED) {
      const { text } = await world.exchange(rawRequest([PATCH, ...world.honest, ...headers], body) + next)
      t.strictSame(statuses(text), ['202', '200'], why)
      const seen = upstream.take()
      t.strictSame(seen.map(lineOf), [PATCH, GET], `two requests: ${why}`)
      t.equal(seen[0] && payloadOf(seen[0]), payload, `the bytes: ${why}`)
    }
  })

  await t.test('a client that sends on reads its 400, and no reset', async t => {
    const heads: readonly (readonly [why: string, bytes: string])[] = [
      ['a head that the parser refuses', rawRequest([PUT, ...world.honest, 'Content-Length: 2, 2'])],
      ['a head that we refuse', rawRequest([GET, ...world.honest, 'Host: evil.test'])],
      ['a chunk', rawRequest([PATCH, ...world.honest, CHUNKED], 'zz\r\n')],
      ['a body where none belongs', rawRequest([GET, ...world.honest, `Content-Length: ${FLOOD.length}`])],
    ]
    for (const [why, bytes] of heads) {
      const answer = await world.exchange(bytes + FLOOD)
      expectRefusal(t, answer, why)
      t.equal(answer.fault, undefined, `no reset: ${why}`)
    }
    t.strictSame(upstream.take(), [])
  })
}

async function beforeReal(t: Test, kind: ListenerKind): Promise<void> {
  const registry = await startRealRegistry(t)
  const world = await startWorld(t, { kind, upstream: registry.upstream })
  const begin = rawRequest([
    'POST /v2/hidden/blobs/uploads/ HTTP/1.1',
    ...world.honest,
    'Connection: close',
    'Content-Length: 0',
  ])
  const hasBegun = () => existsSync(join(registry.storage, 'docker/registry/v2/repositories/hidden'))

  await t.test('no request behind a refused one begins an upload', async t => {
    const uploads = await Promise.all(Array.from({ length: LANES }, () => beginUpload(world)))
    await inLanes(TRIES, LANES, async ([framing, request], lane) => {
      const bytes = bytesOf(
        framing,
        request === 'manifest' ? PUT : `PATCH ${uploads[lane]} HTTP/1.1`,
        world.honest,
      )
      expectRefusal(t, await world.exchange(bytes + begin), `${request}, ${framing.why}`)
    })
    t.notOk(hasBegun(), 'the registry was not asked')
    t.strictSame(statuses((await world.exchange(begin)).text), ['202'])
    t.ok(hasBegun(), 'as it would have been by that request alone')
  })

  await t.test('a blob in unusual framings is stored byte for byte', async t => {
    for (const { why, headers, body, payload } of PASSED) {
      const hex = createHash('sha256').update(payload).digest('hex')
      const patch = rawRequest(
        [`PATCH ${await beginUpload(world)} HTTP/1.1`, ...world.honest, ...headers],
        body,
      )
      const last = rawRequest([GET, ...world.honest, 'Connection: close'])
      const patched = (await world.exchange(patch + last)).text
      const place = `${locationOf(patched)}&digest=sha256:${hex}`
      const put = [`PUT ${place} HTTP/1.1`, ...world.honest, 'Connection: close', 'Content-Length: 0']
      t.strictSame(statuses((await world.exchange(rawRequest(put))).text), ['201'], why)
    }
  })
}

function expectRefusal(t: Test, { text }: { readonly text: string }, why: string): void {
  t.strictSame(statuses(text), ['400'], why)
  t.match(text, /\r\nconnection: close\r\n/i, `and says that it closes: ${why}`)
}

async function beginUpload({ exchange, honest }: SmugglingWorld): Promise<string> {
  const lines = ['POST /v2/a/blobs/uploads/ HTTP/1.1', ...honest, 'Connection: close', 'Content-Length: 0']
  return locationOf((await exchange(rawRequest(lines))).text)
}

/** Path and query of the first `Location`. */
function locationOf(text: string): string {
  const { pathname, search } = new URL(/\r\nlocation: (\S+)/i.exec(text)?.[1] ?? '')
  return pathname + search
}

function statuses(text: string): readonly string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = '']) => status)
}

function lineOf({ line }: RecordedRequest): string {
  return line
}
