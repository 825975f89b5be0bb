import type { FetchContent } from '../model/signature.ts'
import { preAuthenticationEncoding } from '../oci/dsse-envelope.ts'
import { signatureReferrers } from '../oci/referrers.ts'
import { signatureTags } from '../oci/signature-tags.ts'
import { signedDigests } from '../oci/signing-statement.ts'
import { bundleEnvelope } from '../oci/sigstore-bundle.ts'
import { parseSimpleSigning } from '../oci/simple-signing.ts'
import { type StoredSignature, storedSignatures } from '../oci/stored-signatures.ts'

/** Far above what a release process leaves, far below what would make a pull wait. */
const MAX_MANIFESTS = 64
const MAX_SIGNATURES = 64

/** One manifest of one repository. */
export interface ManifestAddress {
  readonly name: string
  readonly digest: string
}

/** A signature that claims to be for the manifest asked about; nothing is verified yet. */
export interface ClaimedSignature {
  /** The bytes that are signed. */
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/**
 * The signatures that cosign left for a manifest: under its tag, and as OCI referrers. What names another manifest,
 * or cannot be read, is passed over. At most 64 in 64 manifests are looked at.
 * @throws whatever `fetch` rejects with.
 */
export async function* findSignatures(
  fetch: FetchContent,
  address: ManifestAddress,
): AsyncGenerator<ClaimedSignature, void> {
  let left = MAX_SIGNATURES
  for await (const manifest of signatureManifests(fetch, address)) {
    for (const stored of storedSignatures(manifest)) {
      if (left === 0) return
      left -= 1
      const blob = await fetch({ name: address.name, kind: 'blob', reference: stored.blob })
      if (blob !== undefined) yield* claims(stored, blob, address.digest)
    }
  }
}

async function* signatureManifests(
  fetch: FetchContent,
  { name, digest }: ManifestAddress,
): AsyncGenerator<Uint8Array, void> {
  const tags = signatureTags(digest)
  if (tags.signature !== undefined) {
    const manifest = await fetch({ name, kind: 'manifest', reference: tags.signature })
    if (manifest !== undefined) yield manifest
  }
  const index =
    (await fetch({ name, kind: 'referrers', reference: digest })) ??
    (await fetch({ name, kind: 'manifest', reference: tags.referrers }))
  if (index === undefined) return
  for (const reference of signatureReferrers(index).slice(0, MAX_MANIFESTS)) {
    const manifest = await fetch({ name, kind: 'manifest', reference })
    if (manifest !== undefined) yield manifest
  }
}

function claims(stored: StoredSignature, blob: Uint8Array, digest: string): readonly ClaimedSignature[] {
  if (stored.kind === 'simple-signing') {
    const isForIt = parseSimpleSigning(blob)?.manifestDigest === digest
    return isForIt ? [{ message: blob, signature: stored.signature }] : []
  }
  const envelope = bundleEnvelope(blob)
  if (envelope === undefined || !signedDigests(envelope).includes(digest)) return []
  const message = preAuthenticationEncoding(envelope)
  // cosign writes one; more would multiply the work.
  return envelope.signatures.slice(0, 1).map(signature => ({ message, signature }))
}
