import { isDigest } from './digest.ts'
import { jsonObjects, parseJsonObject } from './json-object.ts'

/**
 * Types under which an index lists cosign's signatures. cosign 3 describes its bundles by the media type of their
 * empty configuration when it writes the fallback tag, so that the manifest itself must be looked at.
 */
const SIGNATURE_TYPES =
  /^application\/vnd\.(?:dev\.sigstore\.bundle.*|dev\.cosign\.artifact\.sig\.v1\+json|oci\.empty\.v1\+json)$/

/**
 * Digests of the manifests in a list of referrers that may hold signatures, in its order.
 * Spec: OCI distribution-spec 1.1, "Listing Referrers".
 */
export function signatureReferrers(index: Uint8Array): readonly string[] {
  return jsonObjects(parseJsonObject(index)?.['manifests']).flatMap(({ digest, artifactType = '' }) => {
    const isSignature =
      artifactType === '' || (typeof artifactType === 'string' && SIGNATURE_TYPES.test(artifactType))
    return isSignature && typeof digest === 'string' && isDigest(digest) ? [digest] : []
  })
}
