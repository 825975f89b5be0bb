const REFERRER_TAG = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/

/**
 * Whether `tag` is one that tools move themselves as they attach things to a digest: the referrers fallback, or
 * cosign's signatures, attestations and SBOMs. Such tags are mutable by design.
 * Spec: OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign specs/SIGNATURE_SPEC.md.
 */
export function isReferrerTag(tag: string): boolean {
  return REFERRER_TAG.test(tag)
}
