import { createHash, randomBytes } from 'node:crypto'
import { request } from 'undici'

const OCI = 'application/vnd.oci.image.'
const KIB = 1024
const MIB = 1024 * KIB
/** Like those of an image on a common base: some large layers, more small ones. */
const LAYER_BYTES = [16, 8, 4, 2]
  .map(mib => mib * MIB)
  .concat([1024, 512, 256, 128, 64, 32, 4, 1].map(kib => kib * KIB))

/** A blob of the registry. */
export interface StoredBlob {
  readonly digest: string
  readonly size: number
}

/** What the registry holds for the bench, all in one repository. */
export interface Contents {
  readonly repository: string
  readonly blob: StoredBlob
  readonly image: {
    readonly tag: string
    readonly mediaType: string
    readonly manifest: StoredBlob
    /** Of the manifest. */
    readonly text: string
    readonly config: StoredBlob
    readonly layers: readonly StoredBlob[]
  }
}

/** Pushes a blob of `mib` MiB and an image of 12 layers to the registry at `url`, with a token that allows it. */
export async function pushContents(
  { url, token, repository }: { readonly url: string; readonly token: string; readonly repository: string },
  mib: number,
): Promise<Contents> {
  const base = `${url}/v2/${repository}`
  const headers = { authorization: `Bearer ${token}` }
  const putBlob = async (data: Buffer): Promise<StoredBlob> => {
    const digest = digestOf(data)
    const started = await request(`${base}/blobs/uploads/`, { method: 'POST', headers })
    await started.body.dump()
    const location = new URL(String(started.headers['location']), url)
    location.searchParams.set('digest', digest)
    const ended = await request(location, { method: 'PUT', headers, body: data })
    if (ended.statusCode !== 201)
      throw new Error(`PUT of a blob: ${ended.statusCode} ${await ended.body.text()}`)
    await ended.body.dump()
    return { digest, size: data.length }
  }
  const blob = await putBlob(randomBytes(mib * MIB))
  const layers: StoredBlob[] = []
  for (const bytes of LAYER_BYTES) layers.push(await putBlob(randomBytes(bytes)))
  const config = await putBlob(
    Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', pad: 'x'.repeat(4 * KIB) })),
  )
  const mediaType = `${OCI}manifest.v1+json`
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: `${OCI}config.v1+json`, ...config },
    layers: layers.map(layer => ({ mediaType: `${OCI}layer.v1.tar+gzip`, ...layer })),
  })
  const manifest = { digest: digestOf(text), size: text.length }
  const tag = 'v1'
  const { statusCode, body } = await request(`${base}/manifests/${tag}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': mediaType },
    body: text,
  })
  if (statusCode !== 201) throw new Error(`PUT of a manifest: ${statusCode} ${await body.text()}`)
  await body.dump()
  return { repository, blob, image: { tag, mediaType, manifest, text, config, layers } }
}

function digestOf(data: Buffer | string): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}
