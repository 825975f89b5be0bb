import { isDigest } from './digest.ts'
import type { DsseEnvelope } from './dsse-envelope.ts'
import { asJsonObject, jsonObjects, parseJsonObject } from './json-object.ts'

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const SIGNED = 'https://sigstore.dev/cosign/sign/v1'

/**
 * Digests of the manifests that an envelope says are signed; none when it says anything else. An attestation is no
 * signature: it may report that an image is bad.
 * Spec: in-toto attestation spec/v1/statement.md; cosign specs/BUNDLE_SPEC.md.
 */
export function signedDigests({ payloadType, payload }: DsseEnvelope): readonly string[] {
  if (payloadType !== PAYLOAD_TYPE) return []
  const statement = parseJsonObject(payload)
  if (statement?.['_type'] !== STATEMENT_TYPE || statement['predicateType'] !== SIGNED) return []
  return jsonObjects(statement['subject']).flatMap(({ digest }) =>
    Object.entries(asJsonObject(digest) ?? {})
      .map(([algorithm, hex]) => `${algorithm}:${hex}`)
      .filter(isDigest),
  )
}
