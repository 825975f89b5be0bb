import { createHash } from 'node:crypto'
import { Pool } from 'undici'
import type { RealRegistry } from './real-registry.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = '{}'
const CONNECTIONS = 8
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/**
 * Puts repositories of the given names into a registry without authentication, directly: one manifest without layers
 * each, the same everywhere, under all of `tags`. Resolves to the manifest's digest.
 */
export async function pushBareRepositories(
  registry: Pick<RealRegistry, 'upstream'>,
  names: readonly string[],
  tags: readonly string[] = ['v1'],
): Promise<string> {
  const pool = new Pool(registry.upstream, { connections: CONNECTIONS })
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(CONFIG), size: 2 }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] })
  try {
    await Promise.all(names.map(name => push(pool, { name, manifest, tags })))
  } finally {
    await pool.close()
  }
  return digestOf(manifest)
}

async function push(
  pool: Pool,
  {
    name,
    manifest,
    tags,
  }: { readonly name: string; readonly manifest: string; readonly tags: readonly string[] },
): Promise<void> {
  const send = async (method: 'POST' | 'PUT', path: string, body: string, type: string) => {
    const answer = await pool.request({ method, path, body, headers: { 'content-type': type } })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return answer.headers
  }
  const bytes = 'application/octet-stream'
  const { location } = await send('POST', `/v2/${name}/blobs/uploads/`, '', bytes)
  const upload = new URL(String(location), 'http://registry')
  upload.searchParams.set('digest', digestOf(CONFIG))
  await send('PUT', upload.pathname + upload.search, CONFIG, bytes)
  for (const tag of tags) await send('PUT', `/v2/${name}/manifests/${tag}`, manifest, MANIFEST)
}
