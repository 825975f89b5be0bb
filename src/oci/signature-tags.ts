import { isTag } from './tag.ts'

/** The tags beside an image that its signatures may be under. */
export interface SignatureTags {
  /** cosign 2: a manifest whose layers are the signatures; `undefined` where the tag would be too long. */
  readonly signature?: string
  /** An index of all that refers to the image, for registries without the referrers API. */
  readonly referrers: string
}

/**
 * The tags for the image with this digest.
 * Spec: cosign specs/SIGNATURE_SPEC.md; OCI distribution-spec 1.1, "Referrers Tag Schema".
 */
export function signatureTags(digest: string): SignatureTags {
  const colon = digest.indexOf(':')
  const algorithm = digest.slice(0, colon)
  const encoded = digest.slice(colon + 1)
  const signature = `${algorithm}-${encoded}.sig`
  const referrers = `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`
  return isTag(signature) ? { signature, referrers } : { referrers }
}
