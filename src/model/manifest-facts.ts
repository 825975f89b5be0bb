/** A descriptor as far as rules ask; `size` in bytes. Spec: OCI image-spec 1.1, descriptor.md. */
export interface ManifestDescriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly annotations: ReadonlyMap<string, string>
}

/**
 * What a manifest says of itself. `other` is of a media type that we cannot read, and has nothing but that.
 * `size` is the sum of the declared sizes of configuration and layers, each digest once; 0 for an index.
 */
export interface ManifestFacts {
  readonly kind: 'image' | 'index' | 'other'
  readonly mediaType: string
  readonly artifactType?: string
  readonly config?: ManifestDescriptor
  readonly layers: readonly ManifestDescriptor[]
  /** Children of an index. */
  readonly manifests: readonly ManifestDescriptor[]
  readonly size: number
  readonly annotations: ReadonlyMap<string, string>
  /** Digest of the manifest that this one refers to. */
  readonly subject?: string
}
