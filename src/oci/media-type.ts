const INDEX_TYPES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
])

/** Whether a `Content-Type` value names an image index or a manifest list; parameters are ignored. */
export function isIndexMediaType(mediaType: string): boolean {
  const [essence = ''] = mediaType.split(';', 1)
  return INDEX_TYPES.has(essence.trim().toLowerCase())
}
