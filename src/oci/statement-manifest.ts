import { isDigest } from './digest.ts'
import { asJsonObject, type JsonObject, jsonObjects } from './json-object.ts'
import { isIndexMediaType } from './media-type.ts'
import { signatureMediaType } from './signature-media-type.ts'
import { parseStrictJson } from './strict-json.ts'

const MAX_DEPTH = 32
const IMAGE_CONFIGS: ReadonlySet<unknown> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

// Go's JSON reader takes `Layers` for `layers`; here such a manifest would look as if it had none.
const MANIFEST_KEYS: ReadonlySet<string> = new Set([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
])
const DESCRIPTOR_KEYS: ReadonlySet<string> = new Set([
  'mediaType',
  'digest',
  'size',
  'urls',
  'data',
  'annotations',
  'artifactType',
  'platform',
])

/** A manifest that only says something about images. */
export interface StatementManifest {
  /**
   * The manifest calls itself an image, as cosign 2 does with signatures, so what it says is true only if these blobs
   * are no archives.
   */
  readonly suspects: readonly string[]
}

/**
 * Describes a manifest of signatures or attestations, or a list of what refers to an image, none of which anybody can
 * run; `undefined` for every other one. Tells by the content, never by a tag, which whoever may push can choose, and
 * takes only what cannot be read in two ways.
 */
export function statementManifest(manifest: Uint8Array): StatementManifest | undefined {
  const json = parseStrictJson(manifest, { maxDepth: MAX_DEPTH })
  const document = 'fault' in json ? undefined : asJsonObject(json.value)
  if (document === undefined || !hasOnly(document, MANIFEST_KEYS)) return undefined
  // Readers differ in which of the two they take when both are there (CVE-2021-41190).
  if (!('manifests' in document)) return statements(document)
  return 'layers' in document || !listsReferrers(document) ? undefined : { suspects: [] }
}

/** What refers to an image is listed with its type; the images of a real index with their platforms. */
function listsReferrers({ mediaType, manifests }: JsonObject): boolean {
  if (mediaType !== undefined && (typeof mediaType !== 'string' || !isIndexMediaType(mediaType))) return false
  return descriptors(manifests)?.every(isReferrer) === true
}

function isReferrer({ artifactType, platform }: JsonObject): boolean {
  return typeof artifactType === 'string' && platform === undefined
}

function statements({ layers, config }: JsonObject): StatementManifest | undefined {
  const [configuration] = descriptors([config]) ?? []
  const entries = descriptors(layers)
  if (typeof configuration?.['mediaType'] !== 'string' || entries === undefined || entries.length === 0) {
    return undefined
  }
  if (!entries.every(({ mediaType }) => signatureMediaType(mediaType) !== undefined)) return undefined
  // Engines that unpack layers of any media type still insist on an image's configuration.
  const isImage = IMAGE_CONFIGS.has(configuration['mediaType'])
  return { suspects: isImage ? entries.map(({ digest }) => String(digest)) : [] }
}

/** The descriptors of a list; `undefined` when one of them is none, or could be read in two ways. */
function descriptors(list: unknown): readonly JsonObject[] | undefined {
  if (!Array.isArray(list)) return undefined
  const found = jsonObjects(list)
  return found.length === list.length && found.every(isDescriptor) ? found : undefined
}

function isDescriptor(object: JsonObject): boolean {
  const { digest } = object
  return typeof digest === 'string' && isDigest(digest) && hasOnly(object, DESCRIPTOR_KEYS)
}

function hasOnly(object: JsonObject, known: ReadonlySet<string>): boolean {
  return Object.keys(object).every(key => known.has(key))
}
