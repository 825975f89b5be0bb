const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const
const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const

/** Value of `Accept` for whatever may be behind a tag; without the exact type the registry hides the manifest. */
export const MANIFEST_ACCEPT: string = [...INDEX_TYPES, ...IMAGE_TYPES].join(', ')

/** What a manifest of this media type, given without parameters, is; `other` is none that we can read. */
export function manifestKind(mediaType: string): 'image' | 'index' | 'other' {
  if (IMAGE_TYPES.some(type => type === mediaType)) return 'image'
  return INDEX_TYPES.some(type => type === mediaType) ? 'index' : 'other'
}
