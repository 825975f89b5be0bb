import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import { imageLabels, isImageConfig } from '../../src/oci/image-labels.ts'
import { parseManifest } from '../../src/oci/manifest.ts'
import { manifestKind } from '../../src/oci/manifest-types.ts'
import { isReferrerTag } from '../../src/oci/referrer-tag.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json'
const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

const digest = (character: string) => `sha256:${character.repeat(64)}`
const config = { mediaType: CONFIG, digest: digest('c'), size: 10 }
const layer = (character: string, size: number) => ({ mediaType: LAYER, digest: digest(character), size })
const image = { schemaVersion: 2, mediaType: IMAGE, config, layers: [layer('a', 100), layer('b', 1000)] }
const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...layer('a', 5), mediaType: IMAGE }] }

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const read = (value: unknown, mediaType = IMAGE) => parseManifest(bytes(value), mediaType)

t.test('the facts of an image are its descriptors, annotations, subject and declared size', async t => {
  const facts = read({
    ...image,
    artifactType: 'application/x',
    annotations: { a: '1', __proto__x: '2' },
    subject: layer('d', 7),
    unknown: { deep: [1, { layers: 'ignored' }] },
  })
  t.equal(facts.kind, 'image')
  t.equal(facts.mediaType, IMAGE)
  t.equal(facts.artifactType, 'application/x')
  t.equal(facts.size, 1110)
  t.equal(facts.config?.digest, digest('c'))
  t.strictSame(
    facts.layers.map(({ size }) => size),
    [100, 1000],
  )
  t.strictSame(facts.manifests, [])
  t.strictSame(
    [...facts.annotations],
    [
      ['a', '1'],
      ['__proto__x', '2'],
    ],
  )
  t.equal(facts.subject, digest('d'))
})

t.test(
  'one digest counts once, empty lists may be null, and annotations called __proto__ are but a name',
  async t => {
    t.equal(read({ ...image, layers: [layer('a', 100), layer('a', 100), layer('c', 10)] }).size, 110)
    t.equal(read({ ...image, layers: null, annotations: null, subject: null, manifests: null }).size, 10)
    const facts = read(JSON.stringify(image).replace('{', '{"annotations":{"__proto__":"x"},'))
    t.equal(facts.annotations.get('__proto__'), 'x')
  },
)

t.test('an index has children and no size of its own', async t => {
  const facts = read({ ...index, annotations: { k: 'v' } }, INDEX)
  t.match(facts, { kind: 'index', size: 0, layers: [], mediaType: INDEX })
  t.equal(facts.config, undefined)
  t.equal(facts.manifests[0]?.digest, digest('a'))
  t.equal(read({ ...index, mediaType: LIST }, LIST).kind, 'index')
  t.equal(read({ schemaVersion: 2, manifests: [] }, INDEX).manifests.length, 0)
})

t.test(
  'the media type comes from the header, else from the manifest; what we cannot read has nothing else',
  async t => {
    t.equal(read({ ...image, mediaType: undefined }, DOCKER).mediaType, DOCKER)
    t.equal(read(image, '').mediaType, IMAGE)
    for (const type of ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'text/plain']) {
      t.match(read('not json at all', type), { kind: 'other', mediaType: type, size: 0 }, type)
    }
    t.match(read({}, ''), { kind: 'other', mediaType: '' }, 'neither says one')
    t.match(read({ mediaType: 'text/plain' }, ''), { kind: 'other', mediaType: 'text/plain' })
    t.strictSame([IMAGE, DOCKER, INDEX, LIST, CONFIG].map(manifestKind), [
      'image',
      'image',
      'index',
      'index',
      'other',
    ])
  },
)

t.test(
  'MANIFEST_INVALID answers what is no manifest, or what another reader could take for something else',
  async t => {
    const nested = `${'['.repeat(40)}${']'.repeat(40)}`
    const cases: readonly (readonly [value: unknown, mediaType: string, message: RegExp])[] = [
      ['', IMAGE, /is not valid JSON/],
      ['{"a":1', IMAGE, /is not valid JSON/],
      ['[]', IMAGE, /is no object/],
      ['null', IMAGE, /is no object/],
      [`\ufeff${JSON.stringify(image)}`, IMAGE, /is not valid JSON/],
      [`{"x":${nested}}`, IMAGE, /nested deeper than 32/],
      [JSON.stringify(image).replace('{', '{"layers":[],'), IMAGE, /key twice/],
      [JSON.stringify(image).replace('{', '{"l\\u0061yers":[],'), IMAGE, /key twice/],
      [JSON.stringify(image).replace('"size":10}', '"size":10,"size":1}'), IMAGE, /key twice/],
      [{ ...image, Layers: [] }, IMAGE, /in another case/],
      [{ ...image, 'layer\u017f': [] }, IMAGE, /in another case/],
      [{ ...image, config: { ...config, Size: 1 } }, IMAGE, /in another case/],
      [{ ...image, layers: [{ ...layer('a', 1), '\u017fize': 2 }] }, IMAGE, /in another case/],
      [image, INDEX, /calls itself something else/],
      [image, DOCKER, /calls itself something else/],
      [{ ...image, mediaType: 'text/plain' }, IMAGE, /calls itself something else/],
      [{ ...image, mediaType: 1 }, IMAGE, /mediaType that is no text/],
      [{ ...image, schemaVersion: 1 }, IMAGE, /schemaVersion/],
      [{ ...image, schemaVersion: undefined }, IMAGE, /schemaVersion/],
      [{ ...image, manifests: [] }, IMAGE, /is an image and has manifests/],
      [{ ...index, layers: [] }, INDEX, /is an index and has layers/],
      [{ ...index, config }, INDEX, /is an index and has layers/],
      [{ ...image, config: undefined }, IMAGE, /has no config/],
      [{ ...image, config: [] }, IMAGE, /has no config/],
      [{ ...image, layers: {} }, IMAGE, /layers that are no list/],
      [{ ...image, layers: [null] }, IMAGE, /has no layers\[0\]/],
      [{ ...image, layers: [{ ...layer('a', 1), digest: 'sha256:abc' }] }, IMAGE, /no digest in layers\[0\]/],
      [{ ...image, layers: [layer('a', -5)] }, IMAGE, /no size in layers\[0\]/],
      [{ ...image, layers: [layer('a', 1.5)] }, IMAGE, /no size/],
      [{ ...image, layers: [layer('a', 2 ** 60)] }, IMAGE, /no size/],
      [{ ...image, layers: [{ mediaType: LAYER, digest: digest('a') }] }, IMAGE, /no size/],
      [{ ...image, layers: [layer('a', 1), layer('a', 2)] }, IMAGE, /two sizes/],
      [{ ...image, annotations: ['x'] }, IMAGE, /annotations that are no object/],
      [{ ...image, annotations: { x: 1 } }, IMAGE, /annotations that are no text/],
      [{ ...image, subject: { mediaType: IMAGE } }, IMAGE, /no digest in subject/],
      [{ ...image, layers: Array.from({ length: 10_001 }, () => 0) }, IMAGE, /more than 10000 layers/],
    ]
    for (const [value, mediaType, message] of cases) {
      t.throws(
        () => read(value, mediaType),
        { oci: 'MANIFEST_INVALID', status: 400, message },
        String(message),
      )
    }
    const latin1 = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe9]), Buffer.from('"}')])
    t.throws(() => parseManifest(latin1, IMAGE), /not valid JSON/, 'bytes that are no UTF-8')
    t.throws(() => parseManifest(new Uint8Array(4 * 1024 * 1024 + 1), IMAGE), {
      oci: 'SIZE_INVALID',
      status: 413,
      message: /4 MiB/,
    })
    t.ok(read({ ...image, x: '\\"{[' }), 'brackets and quotes in a string are no structure')
    t.throws(() => read('{'.repeat(2_000_000)), OciError, 'deep garbage of full size ends in an error, too')
  },
)

t.test('labels are those of the image configuration, and none when readers could differ', async t => {
  const labels = (value: unknown) => [...imageLabels(bytes(value))]
  t.strictSame(labels({ config: { Labels: { a: '1', b: '2' } } }), [
    ['a', '1'],
    ['b', '2'],
  ])
  t.strictSame(labels({ config: { Labels: { a: 1, b: '2' } } }), [['b', '2']])
  for (const value of [
    '',
    '[]',
    {},
    { config: null },
    { config: { Labels: null } },
    { config: { Labels: [] } },
  ]) {
    t.strictSame(labels(value), [], JSON.stringify(value))
  }
  t.strictSame(labels({ config: { Labels: { a: '1' }, labels: {} } }), [])
  t.strictSame(labels({ config: { Labels: { a: '1' } }, Config: {} }), [])
  t.strictSame(labels('{"config":{"Labels":{"a":"1"}},"config":{}}'), [])
  t.strictSame(
    [
      CONFIG,
      'application/vnd.docker.container.image.v1+json',
      'application/vnd.cncf.helm.config.v1+json',
    ].map(isImageConfig),
    [true, true, false],
  )
})

t.test('referrer tags are the fallback of the specification and what cosign appends', async t => {
  const hex = 'a'.repeat(64)
  const yes = [
    `sha256-${hex}`,
    `sha256-${hex}.sig`,
    `sha256-${hex}.att`,
    `sha256-${hex}.sbom`,
    `sha512-${hex}`,
  ]
  const no = [
    'v1',
    'sha256-abc',
    `sha256-${hex}a`,
    `sha256-${hex}.exe`,
    `sha256-${hex}.sig.sig`,
    `xsha256-${hex}`,
    `sha256-${hex.toUpperCase()}`,
    `sha256-${hex}\n`,
  ]
  for (const tag of yes) t.equal(isReferrerTag(tag), true, tag)
  for (const tag of no) t.equal(isReferrerTag(tag), false, JSON.stringify(tag))
})
