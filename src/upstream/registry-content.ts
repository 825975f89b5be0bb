import { UpstreamUnavailable } from '../model/errors.ts'
import type { ContentAsk, FetchContent } from '../model/signature.ts'
import { MANIFEST_ACCEPT } from '../oci/manifest-types.ts'
import type { SmallAnswer, SmallFetch } from './fetch-small.ts'

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
/** What registries without the referrers API answer, beside 404 (go-containerregistry takes the same). */
const NO_REFERRERS_API: ReadonlySet<number> = new Set([400, 404, 405, 406, 501])

/**
 * Reads manifests, small blobs and lists of referrers for our own use; `authorization` is the header's value for
 * pulling from a repository, if the registry wants one. More than 8 MiB counts as nothing.
 */
export function createRegistryContent(options: {
  readonly get: SmallFetch['get']
  readonly authorization: (name: string) => Promise<string | undefined>
}): FetchContent {
  return async ask => {
    const authorization = await options.authorization(ask.name)
    const answer = await options.get(pathOf(ask), {
      headers: {
        ...(ask.kind === 'manifest' ? { accept: MANIFEST_ACCEPT } : {}),
        ...(authorization === undefined ? {} : { authorization }),
      },
    })
    return contentOf(ask, answer)
  }
}

function pathOf({ name, kind, reference }: ContentAsk): string {
  const segment = { manifest: 'manifests', blob: 'blobs', referrers: 'referrers' }[kind]
  return `/v2/${name}/${segment}/${reference}`
}

function contentOf({ kind }: ContentAsk, { status, headers, body }: SmallAnswer): Buffer | undefined {
  if (status === 200) {
    // Some registries answer paths that they do not know with a page.
    const isList = kind !== 'referrers' || String(headers['content-type']).startsWith(INDEX_TYPE)
    return isList ? body : undefined
  }
  if (status === 404 || (kind === 'referrers' && NO_REFERRERS_API.has(status))) return undefined
  const phase = status === 401 || status === 403 ? 'refused' : 'headers'
  throw new UpstreamUnavailable(phase, `the registry answered ${status} to a question of landwaiter`)
}
