import { createHash } from 'node:crypto'
import t from 'tap'
import { createImageSizes } from '../../src/http/image-sizes.ts'
import type { AnswerHead } from '../../src/model/exchange.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const part = (digit: string, size: number) => ({ digest: `sha256:${digit.repeat(64)}`, size })
const manifest = Buffer.from(
  JSON.stringify({ schemaVersion: 2, config: part('a', 10), layers: [part('b', 100)] }),
)
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`

function headOf(changes: Readonly<Record<string, string>> = {}, status = 200): AnswerHead {
  const headers = {
    'content-type': IMAGE,
    'content-length': String(manifest.length),
    'docker-content-digest': digest,
    ...changes,
  }
  return { status, headers, bytesIn: 0 }
}

/** What is noted when `head` and then `pieces` pass in answer to a request. */
function watched(
  sizes: ReturnType<typeof createImageSizes>,
  head: AnswerHead,
  { pieces = [manifest], ask = 'GET /v2/team/web/manifests/1' }: { pieces?: Buffer[]; ask?: string } = {},
) {
  const noted: unknown[] = []
  const [method = '', path = ''] = ask.split(' ')
  const { tap } = sizes.watch(parseRegistryRequest(method, path), facts => noted.push(facts))
  const take = tap?.(head)
  for (const piece of pieces) take?.(piece)
  return { noted, hasTap: tap !== undefined, isRead: take !== undefined }
}

t.test(
  'the size is learnt from the first manifest with a digest, whatever its pieces, and known then',
  async t => {
    const sizes = createImageSizes()
    const pieces = [manifest.subarray(0, 7), manifest.subarray(7)]
    const first = watched(sizes, headOf({ 'content-type': `${IMAGE}; charset=utf-8` }), { pieces })
    t.strictSame(first, { noted: [{ imageSize: 110 }], hasTap: true, isRead: true })
    const second = watched(sizes, headOf(), { pieces: [] })
    t.strictSame(
      second,
      { noted: [{ imageSize: 110 }], hasTap: true, isRead: false },
      'nothing is read again',
    )
  },
)

t.test('nothing is learnt of what is no whole manifest', async t => {
  const cases: readonly (readonly [
    why: string,
    head: AnswerHead,
    options?: Parameters<typeof watched>[2],
  ])[] = [
    ['not modified', headOf({}, 304)],
    ['an error', headOf({}, 404)],
    ['a part', headOf({}, 206)],
    ['no length', headOf({ 'content-length': '' })],
    ['too long', headOf({ 'content-length': String(256 * 1024 + 1) })],
    ['cut short', headOf(), { pieces: [manifest.subarray(1)] }],
    ['longer than it says', headOf(), { pieces: [Buffer.alloc(manifest.length - 1), manifest] }],
    ['other bytes than its digest says', headOf(), { pieces: [Buffer.alloc(manifest.length)] }],
    ['a HEAD', headOf(), { ask: 'HEAD /v2/team/web/manifests/1' }],
    ['a blob', headOf(), { ask: `GET /v2/team/web/blobs/${digest}` }],
  ]
  const sizes = createImageSizes()
  for (const [why, head, options] of cases) t.strictSame(watched(sizes, head, options).noted, [], why)
  t.strictSame(watched(sizes, headOf(), { pieces: [] }).noted, [], 'and nothing is remembered')
})

t.test('digests are remembered in bounded number', async t => {
  const sizes = createImageSizes({ max: 1 })
  watched(sizes, headOf())
  const other = Buffer.from(manifest.toString().replace('100', '200'))
  const otherDigest = `sha256:${createHash('sha256').update(other).digest('hex')}`
  const { noted } = watched(sizes, headOf({ 'docker-content-digest': otherDigest }), { pieces: [other] })
  t.strictSame(noted, [{ imageSize: 210 }])
  t.strictSame(watched(sizes, headOf(), { pieces: [] }).noted, [])
})
