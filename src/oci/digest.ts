const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/**
 * Whether `text` is a digest of a registered algorithm, in lower-case hex of the right length.
 * Spec: OCI image-spec 1.1, "Digests".
 */
export function isDigest(text: string): boolean {
  return DIGEST.test(text)
}
