const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.\d+)?\+json(?:;version=0\.\d+)?$/
const OTHERS: ReadonlySet<string> = new Set([
  'application/vnd.dsse.envelope.v1+json', // cosign 2 attestations
  'application/jose+json', // notation
  'application/cose', // notation
])

/**
 * What a layer holds by its media type: cosign's payload, a Sigstore bundle, or another kind of signature or
 * attestation; `undefined` for all else.
 */
export function signatureMediaType(mediaType: unknown): 'simple-signing' | 'bundle' | 'other' | undefined {
  if (typeof mediaType !== 'string') return undefined
  if (mediaType === SIMPLE_SIGNING) return 'simple-signing'
  if (BUNDLE.test(mediaType)) return 'bundle'
  return OTHERS.has(mediaType) ? 'other' : undefined
}
