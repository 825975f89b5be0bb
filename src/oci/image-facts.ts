import { parseManifest } from './manifest.ts'

/** What a manifest says of its image and its place; a member is absent where it says nothing. */
export interface ImageFacts {
  /** Bytes of the configuration and the layers, each digest once; absent for an index. */
  readonly imageSize?: number
  /** Digest of the manifest that this one signs or describes. */
  readonly manifestSubject?: string
}

/**
 * The facts of a manifest of `mediaType` (without parameters, `''` when the client gave none), for the record only: one
 * that is malformed, or that not everybody would read alike, has none. Never throws.
 * Spec: OCI image-spec 1.1, manifest.md.
 */
export function imageFacts(manifest: Uint8Array, mediaType: string): ImageFacts {
  try {
    const { kind, size, subject } = parseManifest(manifest, mediaType)
    return {
      ...(kind === 'image' && Number.isSafeInteger(size) ? { imageSize: size } : {}),
      ...(subject === undefined ? {} : { manifestSubject: subject }),
    }
  } catch {
    // Whether it is accepted is not decided here.
    return {}
  }
}
