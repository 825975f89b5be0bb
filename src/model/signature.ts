/** Content of the registry that signatures are looked for in; `reference` is a tag or a digest. */
export interface ContentAsk {
  readonly name: string
  readonly kind: 'manifest' | 'blob' | 'referrers'
  readonly reference: string
}

/**
 * The bytes asked for; `undefined` when there are none, or more than the port's bound.
 * Rejects when the registry cannot tell.
 */
export type FetchContent = (ask: ContentAsk) => Promise<Uint8Array | undefined>

/**
 * What is known of one manifest. `exempt` are signatures and attestations themselves; `reason` is a short phrase.
 * `unknown` means that the registry could not be asked.
 */
export type SignatureFinding =
  | {
      readonly outcome: 'signed'
      /** Fingerprint of the key that signed it. */
      readonly key: string
      /** The signed index that contains the manifest, when that is what is signed. */
      readonly index?: string
    }
  | { readonly outcome: 'exempt'; readonly reason: string }
  | { readonly outcome: 'unsigned'; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly reason: string; readonly cause: unknown }

/**
 * What a rule says of a manifest that is about to be sent. `message` is one printable ASCII sentence of at most 200
 * characters for the client, `detail` why, `rule` is `require_signature[N]` (0-based).
 */
export type SignatureVerdict =
  | { readonly outcome: 'pass' }
  | {
      readonly outcome: 'warn' | 'deny'
      readonly rule: string
      readonly message: string
      readonly detail: string
    }
  | { readonly outcome: 'unknown'; readonly rule: string; readonly message: string; readonly cause: unknown }

/** The verdict on the manifest with this digest. Never rejects. */
export type SignatureDuty = (digest: string) => Promise<SignatureVerdict>
