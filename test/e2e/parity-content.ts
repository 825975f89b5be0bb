import { createHash } from 'node:crypto'

const OCI = 'application/vnd.oci.image'

/** Media types, as `Content-Type` and `Accept` name them. */
export const MANIFEST_TYPE = `${OCI}.manifest.v1+json`
export const INDEX_TYPE = `${OCI}.index.v1+json`
export const DOCKER_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'

/** The blobs and manifests of the parity table: the same bytes on both sides, so the same digests. */
export const config = Buffer.from(
  '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
)
export const layer = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251))
export const other = Buffer.from('another layer')
export const manifest = imageManifest(layer)
export const otherManifest = imageManifest(other)
export const dockerManifest = imageManifest(layer, DOCKER_TYPE)
/** Its layer is never pushed. */
export const orphan = imageManifest(Buffer.from('never pushed'))
export const index = imageIndex(manifest)
/** An index of a manifest that is never pushed. */
export const orphanIndex = imageIndex(orphan)

/** The sha256 digest of some bytes. */
export function digestOf(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

function imageManifest(content: Buffer, mediaType = MANIFEST_TYPE): Buffer {
  return json({
    schemaVersion: 2,
    mediaType,
    config: descriptor(`${OCI}.config.v1+json`, config),
    layers: [descriptor(`${OCI}.layer.v1.tar`, content)],
  })
}

function imageIndex(child: Buffer): Buffer {
  const platform = { architecture: 'amd64', os: 'linux' }
  const manifests = [{ ...descriptor(MANIFEST_TYPE, child), platform }]
  return json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests })
}

function descriptor(mediaType: string, data: Buffer): object {
  return { mediaType, digest: digestOf(data), size: data.length }
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}
