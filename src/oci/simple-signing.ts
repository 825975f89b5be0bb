import { isDigest } from './digest.ts'
import { asJsonObject, type JsonObject, parseJsonObject } from './json-object.ts'

const TYPE = 'cosign container image signature'

/** What a simple signing payload vouches for. The reference is where the signer found the image; images move. */
export interface SimpleSigning {
  readonly dockerReference: string
  readonly manifestDigest: string
}

/**
 * The claim in a payload, `undefined` when it is anything but cosign's: every member of `critical` must be known and
 * there, since one that is not understood may restrict what is claimed.
 * Spec: containers/image docs/containers-signature.5.md; cosign specs/SIGNATURE_SPEC.md.
 */
export function parseSimpleSigning(payload: Uint8Array): SimpleSigning | undefined {
  const document = parseJsonObject(payload)
  if (document === undefined || !hasOnly(document, ['critical', 'optional'])) return undefined
  const critical = asJsonObject(document['critical'])
  if (critical === undefined || !hasOnly(critical, ['identity', 'image', 'type'])) return undefined
  const dockerReference = onlyText(critical['identity'], 'docker-reference')
  const manifestDigest = onlyText(critical['image'], 'docker-manifest-digest')
  if (critical['type'] !== TYPE || dockerReference === undefined || manifestDigest === undefined) {
    return undefined
  }
  return isDigest(manifestDigest) ? { dockerReference, manifestDigest } : undefined
}

function onlyText(value: unknown, key: string): string | undefined {
  const object = asJsonObject(value)
  if (object === undefined || !hasOnly(object, [key])) return undefined
  const text = object[key]
  return typeof text === 'string' ? text : undefined
}

function hasOnly(object: JsonObject, known: readonly string[]): boolean {
  return Object.keys(object).every(key => known.includes(key))
}
