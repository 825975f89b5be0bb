import { UpstreamUnavailable } from '../model/errors.ts'
import type { TagTarget } from '../model/tagged-manifest.ts'
import { MANIFEST_ACCEPT } from '../oci/manifest-types.ts'
import type { UpstreamAddress } from './address.ts'
import type { UpstreamClient } from './client.ts'
import { unavailable, unexpectedAnswer } from './unavailable.ts'

/**
 * Asks what a tag points to now: `undefined` only when the registry says that there is no such tag.
 * @throws UpstreamUnavailable when it cannot tell.
 */
export type FindTag = (name: string, tag: string) => Promise<TagTarget | undefined>

/** `authorization` is the header's value for pulling from a repository, if the registry wants one. */
export function createFindTag(options: {
  readonly client: Pick<UpstreamClient, 'head'>
  readonly address: UpstreamAddress
  readonly authorization: (name: string) => Promise<string | undefined>
}): FindTag {
  const { client, address } = options
  return async (name, tag) => {
    const authorization = await options.authorization(name)
    const headers = { accept: MANIFEST_ACCEPT, ...(authorization === undefined ? {} : { authorization }) }
    const answer = await client
      .head(`/v2/${name}/manifests/${tag}`, { method: 'HEAD', headers })
      .catch(cause => {
        throw unavailable(address, cause)
      })
    return targetOf(answer)
  }
}

function targetOf({ status, headers }: Awaited<ReturnType<UpstreamClient['head']>>): TagTarget | undefined {
  if (status === 404) return undefined
  if (status === 401 || status === 403) {
    throw new UpstreamUnavailable('refused', 'the registry refuses the token of landwaiter')
  }
  const digest = headers['docker-content-digest']
  if (status !== 200 || typeof digest !== 'string') throw unexpectedAnswer(`${status} for a tag`)
  const [mediaType = ''] = String(headers['content-type'] ?? '').split(';', 1)
  return { digest, mediaType: mediaType.trim().toLowerCase() }
}
