import { OciError } from '../model/errors.ts'
import type { ManifestDescriptor, ManifestFacts } from '../model/manifest-facts.ts'
import { isDigest } from './digest.ts'
import { goMember, misspeltMember } from './go-member.ts'
import { asJsonObject, type JsonObject } from './json-object.ts'
import { manifestKind } from './manifest-types.ts'
import { parseStrictJson } from './strict-json.ts'

/** Largest manifest, in bytes, as distribution has it. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

const MAX_DEPTH = 32
/** More than any image has; what is counted here is looked at one by one. */
const MAX_DESCRIPTORS = 10_000

const MANIFEST_KEYS = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'annotations',
  'subject',
] as const
const DESCRIPTOR_KEYS = ['mediaType', 'digest', 'size', 'annotations'] as const

/**
 * The facts of a manifest of `mediaType` (without parameters; `''` takes the manifest's own). Unknown fields are
 * ignored. What another reader could take for something else is refused: a key twice or in another case, a media
 * type that is not the declared one, layers beside children (CVE-2021-41190), one digest with two sizes.
 * @throws OciError MANIFEST_INVALID, or SIZE_INVALID above 4 MiB.
 * Spec: OCI image-spec 1.1, manifest.md and image-index.md; distribution docs/spec/manifest-v2-2.md.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): ManifestFacts {
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw new OciError('SIZE_INVALID', 'the manifest is larger than 4 MiB')
  if (mediaType !== '' && manifestKind(mediaType) === 'other') return unreadable(mediaType)
  const json = parseStrictJson(bytes, { maxDepth: MAX_DEPTH })
  if ('fault' in json) throw invalid(json.fault)
  const object = objectOf(json.value, 'it', MANIFEST_KEYS)
  const own = text(object, 'mediaType')
  if (own !== undefined && mediaType !== '' && own !== mediaType) {
    throw invalid(`is sent as ${mediaType} and calls itself something else`)
  }
  const type = own ?? mediaType
  const kind = manifestKind(type)
  if (kind === 'other') return unreadable(type)
  if (goMember(object, 'schemaVersion') !== 2) throw invalid('has another schemaVersion than 2')
  return kind === 'image' ? imageFacts(object, type) : indexFacts(object, type)
}

function imageFacts(object: JsonObject, mediaType: string): ManifestFacts {
  if (goMember(object, 'manifests') !== undefined) throw invalid('is an image and has manifests')
  const config = descriptor(goMember(object, 'config'), 'config')
  const layers = descriptors(object, 'layers')
  return {
    kind: 'image',
    mediaType,
    config,
    layers,
    manifests: [],
    size: totalSize([config, ...layers]),
    ...commonFacts(object),
  }
}

function indexFacts(object: JsonObject, mediaType: string): ManifestFacts {
  const isImage = goMember(object, 'layers') !== undefined || goMember(object, 'config') !== undefined
  if (isImage) throw invalid('is an index and has layers or a config')
  const manifests = descriptors(object, 'manifests')
  return { kind: 'index', mediaType, layers: [], manifests, size: 0, ...commonFacts(object) }
}

function unreadable(mediaType: string): ManifestFacts {
  return { kind: 'other', mediaType, layers: [], manifests: [], size: 0, annotations: new Map() }
}

function commonFacts(object: JsonObject): Pick<ManifestFacts, 'annotations' | 'artifactType' | 'subject'> {
  const artifactType = text(object, 'artifactType')
  const subject = goMember(object, 'subject')
  return {
    annotations: annotationsOf(object, 'annotations'),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: descriptor(subject, 'subject').digest }),
  }
}

function descriptors(object: JsonObject, name: 'layers' | 'manifests'): readonly ManifestDescriptor[] {
  const list = goMember(object, name) ?? []
  if (!Array.isArray(list)) throw invalid(`has ${name} that are no list`)
  if (list.length > MAX_DESCRIPTORS) throw invalid(`has more than ${MAX_DESCRIPTORS} ${name}`)
  return list.map((item, index) => descriptor(item, `${name}[${index}]`))
}

function descriptor(value: unknown, where: string): ManifestDescriptor {
  const object = objectOf(value, where, DESCRIPTOR_KEYS)
  const digest = text(object, 'digest') ?? ''
  if (!isDigest(digest)) throw invalid(`has no digest in ${where}`)
  const size = goMember(object, 'size')
  if (!Number.isSafeInteger(size) || Number(size) < 0) throw invalid(`has no size in ${where}`)
  const mediaType = text(object, 'mediaType') ?? ''
  return {
    mediaType,
    digest,
    size: Number(size),
    annotations: annotationsOf(object, `annotations of ${where}`),
  }
}

function totalSize(parts: readonly ManifestDescriptor[]): number {
  const sizes = new Map<string, number>()
  for (const { digest, size } of parts) {
    if ((sizes.get(digest) ?? size) !== size) throw invalid('gives one digest two sizes')
    sizes.set(digest, size)
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

function annotationsOf(object: JsonObject, where: string): ReadonlyMap<string, string> {
  const found = asJsonObject(goMember(object, 'annotations') ?? {})
  if (found === undefined) throw invalid(`has ${where} that are no object`)
  const entries = Object.entries(found).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw invalid(`has ${where} that are no text`)
    return [name, value]
  })
  return new Map(entries)
}

function text(object: JsonObject, name: string): string | undefined {
  const value = goMember(object, name)
  if (value !== undefined && typeof value !== 'string') throw invalid(`has a ${name} that is no text`)
  return value === '' ? undefined : value
}

function objectOf(value: unknown, where: string, keys: readonly string[]): JsonObject {
  const object = asJsonObject(value)
  if (object === undefined) throw invalid(where === 'it' ? 'is no object' : `has no ${where}`)
  if (misspeltMember(object, keys) !== undefined) throw invalid(`spells a key of ${where} in another case`)
  return object
}

function invalid(fault: string): OciError {
  return new OciError('MANIFEST_INVALID', `the manifest ${fault}`)
}
