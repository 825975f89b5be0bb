import type { UpstreamClient } from './client.ts'

/** Any of these may be behind a tag; without the exact type in Accept the registry hides the manifest. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** The digest that a tag points to now; `undefined` when there is none or the registry cannot say. */
export async function currentDigest(
  client: UpstreamClient,
  ask: { readonly name: string; readonly tag: string; readonly authorization: string | undefined },
): Promise<string | undefined> {
  try {
    const { status, headers } = await client.head(`/v2/${ask.name}/manifests/${ask.tag}`, {
      method: 'HEAD',
      headers: {
        accept: MANIFEST_TYPES,
        ...(ask.authorization === undefined ? {} : { authorization: ask.authorization }),
      },
    })
    const digest = headers['docker-content-digest']
    return status === 200 && typeof digest === 'string' ? digest : undefined
  } catch {
    return undefined // the request that follows will say what is wrong with the registry
  }
}
