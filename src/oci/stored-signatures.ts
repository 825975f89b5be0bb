import { decodeBase64 } from './base64.ts'
import { isDigest } from './digest.ts'
import { asJsonObject, type JsonObject, jsonObjects, parseJsonObject } from './json-object.ts'
import { signatureMediaType } from './signature-media-type.ts'

const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature'

/** Where a signature is: `blob` holds the signed payload, or the bundle of payload and signature. */
export type StoredSignature =
  | { readonly kind: 'simple-signing'; readonly blob: string; readonly signature: Uint8Array }
  | { readonly kind: 'bundle'; readonly blob: string }

/**
 * The signatures in a manifest as cosign pushes it, in its order; none when it is anything else.
 * Spec: cosign specs/SIGNATURE_SPEC.md, specs/BUNDLE_SPEC.md.
 */
export function storedSignatures(manifest: Uint8Array): readonly StoredSignature[] {
  return jsonObjects(parseJsonObject(manifest)?.['layers']).flatMap(layer => storedIn(layer) ?? [])
}

function storedIn(layer: JsonObject): StoredSignature | undefined {
  const { digest: blob } = layer
  if (typeof blob !== 'string' || !isDigest(blob)) return undefined
  const kind = signatureMediaType(layer['mediaType'])
  if (kind === 'bundle') return { kind, blob }
  const signature = decodeBase64(asJsonObject(layer['annotations'])?.[SIGNATURE_ANNOTATION])
  return kind === 'simple-signing' && signature !== undefined ? { kind, blob, signature } : undefined
}
