import t from 'tap'
import { decodeBase64 } from '../../src/oci/base64.ts'
import { preAuthenticationEncoding } from '../../src/oci/dsse-envelope.ts'
import { indexChildren } from '../../src/oci/index-children.ts'
import { signatureReferrers } from '../../src/oci/referrers.ts'
import { signatureTags } from '../../src/oci/signature-tags.ts'
import { signedDigests } from '../../src/oci/signing-statement.ts'
import { bundleEnvelope } from '../../src/oci/sigstore-bundle.ts'
import { parseSimpleSigning } from '../../src/oci/simple-signing.ts'
import { statementManifest } from '../../src/oci/statement-manifest.ts'
import { storedSignatures } from '../../src/oci/stored-signatures.ts'

const D = `sha256:${'ab'.repeat(32)}`
const E = `sha256:${'cd'.repeat(32)}`
const S512 = `sha512:${'ef'.repeat(64)}`
const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const EMPTY = 'application/vnd.oci.empty.v1+json'
const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

t.test('reads a simple signing payload, and nothing that is not quite one', async t => {
  const critical = {
    identity: { 'docker-reference': 'r/n' },
    image: { 'docker-manifest-digest': D },
    type: 'cosign container image signature',
  }
  const expected = { dockerReference: 'r/n', manifestDigest: D }
  for (const optional of [{}, { optional: null }, { optional: { creator: 'x', timestamp: 1 } }]) {
    t.strictSame(parseSimpleSigning(json({ critical, ...optional })), expected)
  }
  const refused: readonly (readonly [why: string, document: unknown])[] = [
    ['another type', { critical: { ...critical, type: 'atomic container signature' } }],
    ['no type', { critical: { identity: critical.identity, image: critical.image } }],
    ['no identity', { critical: { image: critical.image, type: critical.type } }],
    ['no image', { critical: { identity: critical.identity, type: critical.type } }],
    ['a short digest', { critical: { ...critical, image: { 'docker-manifest-digest': 'sha256:ab' } } }],
    ['a digest that is no text', { critical: { ...critical, image: { 'docker-manifest-digest': [D] } } }],
    ['an unknown critical member', { critical: { ...critical, until: '2020-01-01' } }],
    ['more about the image', { critical: { ...critical, image: { ...critical.image, tag: 'v1' } } }],
    ['more about the identity', { critical: { ...critical, identity: { ...critical.identity, x: 1 } } }],
    ['an unknown member', { critical, criticaL: {} }],
    ['a list', [{ critical }]],
    ['null', null],
  ]
  for (const [why, document] of refused) t.equal(parseSimpleSigning(json(document)), undefined, why)
  t.equal(parseSimpleSigning(Buffer.from([0xff])), undefined, 'no UTF-8')
  t.equal(parseSimpleSigning(Buffer.from('')), undefined, 'nothing')
})

t.test('knows the tags that signatures are under', async t => {
  const hex = 'ab'.repeat(32)
  t.strictSame(signatureTags(D), { signature: `sha256-${hex}.sig`, referrers: `sha256-${hex}` })
  t.strictSame(signatureTags(S512), { referrers: `sha512-${'ef'.repeat(32)}` }, 'a tag has 128 characters')
})

t.test('finds the signatures in a manifest', async t => {
  const annotations = { 'dev.cosignproject.cosign/signature': 'AQI=' }
  const layers = [
    { mediaType: SIMPLE, digest: D, size: 1, annotations },
    { mediaType: BUNDLE, digest: E, size: 1 },
    { mediaType: SIMPLE, digest: D, size: 1 },
    { mediaType: SIMPLE, digest: 'sha256:x', size: 1, annotations },
    { mediaType: LAYER, digest: D, size: 1, annotations },
    null,
  ]
  t.strictSame(
    storedSignatures(json({ layers })).map(stored => ({ ...stored })),
    [
      { kind: 'simple-signing', blob: D, signature: Buffer.from([1, 2]) },
      { kind: 'bundle', blob: E },
    ],
  )
  for (const document of [{}, { layers: {} }, { layers: 'x' }, []]) {
    t.strictSame(storedSignatures(json(document)), [])
  }
})

t.test('finds the manifests in a list of referrers that may be signatures', async t => {
  const manifests = [
    { digest: D, artifactType: BUNDLE },
    { digest: E, artifactType: EMPTY },
    { digest: D, artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' },
    { digest: E },
    { digest: D, artifactType: 'application/vnd.example.sbom' },
    { digest: 'x' },
    { digest: D, artifactType: 1 },
  ]
  t.strictSame(signatureReferrers(json({ manifests })), [D, E, D, E])
  t.strictSame(signatureReferrers(Buffer.from('<html>')), [])
})

t.test('lists the manifests of an index', async t => {
  t.strictSame(indexChildren(json({ manifests: [{ digest: D }, { digest: 1 }, {}, { digest: S512 }] })), [
    D,
    S512,
  ])
  t.strictSame(indexChildren(json({ layers: [{ digest: D }] })), [])
})

t.test('reads what a bundle says is signed', async t => {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: 'ab'.repeat(32), sha512: 'ef'.repeat(64), md5: 'x' } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  }
  const envelope = (payload: unknown, type = 'application/vnd.in-toto+json') => ({
    payloadType: type,
    payload: json(payload).toString('base64'),
    signatures: [{ sig: 'AQI=' }],
  })
  const digests = (dsseEnvelope: unknown, mediaType: unknown = BUNDLE) => {
    const found = bundleEnvelope(json({ mediaType, dsseEnvelope }))
    return found === undefined ? 'no envelope' : signedDigests(found)
  }
  t.strictSame(digests(envelope(statement)), [D, S512])
  const cases: readonly (readonly [why: string, envelope: unknown, expected: unknown])[] = [
    ['an attestation', envelope({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' }), []],
    ['an older statement', envelope({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' }), []],
    ['another payload', envelope(statement, 'application/json'), []],
    ['no subject', envelope({ ...statement, subject: undefined }), []],
    ['a subject that is none', envelope({ ...statement, subject: [{ digest: [D] }, 'x', null] }), []],
    ['no signature', { ...envelope(statement), signatures: [] }, 'no envelope'],
    ['a signature that is no base64', { ...envelope(statement), signatures: [{ sig: '-_' }] }, 'no envelope'],
    ['a payload that is no base64', { ...envelope(statement), payload: 'A' }, 'no envelope'],
    ['nothing', undefined, 'no envelope'],
  ]
  for (const [why, value, expected] of cases) t.strictSame(digests(value), expected, why)
  t.equal(digests(envelope(statement), 'application/json'), 'no envelope', 'no bundle')
  t.strictSame(digests(envelope(statement), 'application/vnd.dev.sigstore.bundle+json;version=0.1'), [
    D,
    S512,
  ])
})

t.test('encodes what is signed as DSSE says', async t => {
  const encoded = preAuthenticationEncoding({
    payloadType: 'http://example.com/HelloWorld',
    payload: Buffer.from('hello world'),
    signatures: [],
  })
  t.equal(Buffer.from(encoded).toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

t.test('reads base64 as RFC 4648 has it', async t => {
  for (const text of ['', 'AQ==', 'AQI=', 'AQID'])
    t.equal(Buffer.from(decodeBase64(text) ?? []).toString('base64'), text)
  for (const text of ['A', 'AQ', 'AQ=', 'AQI', '-_==', 'AQ==\n', 'A===', 1, null])
    t.equal(decodeBase64(text), undefined)
})

t.test('tells signatures from what can be run', async t => {
  const descriptor = (mediaType: string, digest = D) => ({ mediaType, digest, size: 1 })
  const image = (config: object, ...layers: readonly object[]) => ({
    schemaVersion: 2,
    mediaType: IMAGE,
    config,
    layers,
  })
  const index = (...manifests: readonly object[]) => ({ schemaVersion: 2, mediaType: INDEX, manifests })
  const artifact = descriptor(EMPTY)
  const referrer = { ...descriptor(IMAGE), artifactType: EMPTY }
  const exempt: readonly (readonly [why: string, manifest: object, suspects: readonly string[]])[] = [
    [
      'a bundle',
      { ...image(artifact, descriptor(BUNDLE)), subject: descriptor(IMAGE), artifactType: BUNDLE },
      [],
    ],
    ["cosign 2's signatures", image(descriptor(CONFIG), descriptor(SIMPLE), descriptor(SIMPLE, E)), [D, E]],
    [
      "notation's",
      image(descriptor('application/vnd.cncf.notary.signature'), descriptor('application/jose+json')),
      [],
    ],
    ['a list of referrers', index(referrer), []],
    ['an empty list', index(), []],
  ]
  for (const [why, manifest, suspects] of exempt)
    t.strictSame(statementManifest(json(manifest)), { suspects }, why)

  const other: readonly (readonly [why: string, manifest: object])[] = [
    ['an image', image(descriptor(CONFIG), descriptor(LAYER))],
    ['a signature among layers', image(descriptor(CONFIG), descriptor(SIMPLE), descriptor(LAYER))],
    ['no layers', image(artifact)],
    ['a chart', image(descriptor('application/vnd.cncf.helm.config.v1+json'), descriptor('application/x'))],
    ['an index', index({ ...descriptor(IMAGE), platform: { os: 'linux', architecture: 'amd64' } })],
    ['an image among referrers', index(referrer, descriptor(IMAGE))],
    ['a referrer with a platform', index({ ...referrer, platform: {} })],
    ['an index of another type', { ...index(referrer), mediaType: IMAGE }],
    ['both kinds', { ...index(referrer), layers: [descriptor(LAYER)], config: descriptor(CONFIG) }],
    ['layers in another case', { ...index(), config: descriptor(CONFIG), Layers: [descriptor(LAYER)] }],
    ['null as a list, layers in another case', { manifests: null, config: descriptor(CONFIG), Layers: [] }],
    ['an unknown member', { ...image(artifact, descriptor(BUNDLE)), fsLayers: [] }],
    ['a digest in another case', image(artifact, { ...descriptor(BUNDLE), Digest: E })],
    ['no configuration', { layers: [descriptor(BUNDLE)] }],
    ['a configuration without a type', image({ digest: D }, descriptor(BUNDLE))],
    ['a null layer', { config: artifact, layers: [descriptor(BUNDLE), null] }],
  ]
  for (const [why, manifest] of other) t.equal(statementManifest(json(manifest)), undefined, why)
  const twice = JSON.stringify(image(artifact, descriptor(BUNDLE))).replace(
    '"layers"',
    `"layers":[${JSON.stringify(descriptor(LAYER))}],"layers"`,
  )
  t.equal(statementManifest(Buffer.from(twice)), undefined, 'a member twice')
  t.equal(statementManifest(Buffer.from('')), undefined, 'nothing')
})
