import t from 'tap'
import { imageFacts } from '../../src/oci/image-facts.ts'
import { tagSubject } from '../../src/oci/tag-subject.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const part = (digit: string, size: unknown) => ({ mediaType: 'x/y', digest: digest(digit), size })
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

t.test('an image is as large as its configuration and its layers, each counted once', async t => {
  const image = { schemaVersion: 2, config: part('a', 10), layers: [part('b', 100), part('c', 1000)] }
  const subject = { ...part('d', 5), mediaType: IMAGE }
  const cases: readonly (readonly [why: string, manifest: unknown, mediaType: string, facts: object])[] = [
    ['two layers', image, IMAGE, { imageSize: 1110 }],
    ['its own media type', { ...image, mediaType: IMAGE }, '', { imageSize: 1110 }],
    ['one layer twice', { ...image, layers: [part('b', 100), part('b', 100)] }, IMAGE, { imageSize: 110 }],
    ['nothing in it', { ...image, config: part('a', 0), layers: [] }, IMAGE, { imageSize: 0 }],
    ['a signature', { ...image, subject }, IMAGE, { imageSize: 1110, manifestSubject: digest('d') }],
    ['an index', { schemaVersion: 2, manifests: [part('b', 100)] }, INDEX, {}],
    ['an index about another', { schemaVersion: 2, subject }, INDEX, { manifestSubject: digest('d') }],
    ['another type', image, 'application/json', {}],
    ['no type at all', image, '', {}],
    ['not JSON', '{"schemaVersion":2', IMAGE, {}],
    ['nothing', '', IMAGE, {}],
    ['null', 'null', IMAGE, {}],
    ['no configuration', { ...image, config: undefined }, IMAGE, {}],
    ['a negative size', { ...image, layers: [part('b', -1)] }, IMAGE, {}],
    ['a size that is no number', { ...image, layers: [part('b', '100')] }, IMAGE, {}],
    ['a fraction', { ...image, layers: [part('b', 0.5)] }, IMAGE, {}],
    ['a sum beyond counting', { ...image, layers: [part('b', 2 ** 53 - 1)] }, IMAGE, {}],
    ['one digest with two sizes', { ...image, layers: [part('b', 1), part('b', 2)] }, IMAGE, {}],
    ['a key twice', '{"schemaVersion":2,"layers":[],"layers":[]}', IMAGE, {}],
    ['a subject that is none', { ...image, subject: { digest: 'x' } }, IMAGE, {}],
  ]
  for (const [why, manifest, mediaType, facts] of cases) {
    t.strictSame(imageFacts(bytes(manifest), mediaType), facts, why)
  }
})

t.test('a tag of cosign or of the referrers fallback says what it is about', async t => {
  const hex = 'ab'.repeat(32)
  for (const end of ['', '.sig', '.att', '.sbom']) t.equal(tagSubject(`sha256-${hex}${end}`), `sha256:${hex}`)
  for (const tag of ['latest', `sha512-${hex}`, `sha256-${hex}.txt`, `sha256-${hex}0`, `v-sha256-${hex}`]) {
    t.equal(tagSubject(tag), undefined, tag)
  }
})
