import { type DsseEnvelope, readDsseEnvelope } from './dsse-envelope.ts'
import { parseJsonObject } from './json-object.ts'
import { signatureMediaType } from './signature-media-type.ts'

/**
 * The envelope of a Sigstore bundle, the form in which cosign 3 signs images; `undefined` for anything else.
 * What the bundle says about keys and logs is not read: only keys that the operator gave are trusted.
 * Spec: sigstore/protobuf-specs sigstore_bundle.proto.
 */
export function bundleEnvelope(bundle: Uint8Array): DsseEnvelope | undefined {
  const document = parseJsonObject(bundle)
  if (signatureMediaType(document?.['mediaType']) !== 'bundle') return undefined
  return readDsseEnvelope(document?.['dsseEnvelope'])
}
