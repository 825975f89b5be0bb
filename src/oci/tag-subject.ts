const TAG = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/

/**
 * The digest that a tag of cosign's or of the referrers fallback is about; `undefined` for any other tag, and for one
 * that was cut from a longer digest.
 * Spec: OCI distribution-spec 1.1, "Referrers Tag Schema"; cosign specs/SIGNATURE_SPEC.md.
 */
export function tagSubject(tag: string): string | undefined {
  const encoded = TAG.exec(tag)?.[1]
  return encoded === undefined ? undefined : `sha256:${encoded}`
}
