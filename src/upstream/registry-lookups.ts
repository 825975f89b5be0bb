import { UpstreamUnavailable } from '../model/errors.ts'
import { MAX_MANIFEST_BYTES } from '../oci/manifest.ts'
import { MANIFEST_ACCEPT } from '../oci/manifest-types.ts'
import type { BufferedClient, WholeAnswer } from './buffered-client.ts'

const TIMEOUT_MS = 10_000
const MAX_BLOB_BYTES = 4 * 1024 * 1024

/** What the lookups ask with. */
export interface LookupOptions {
  readonly client: BufferedClient
  /** Value of the Authorization header for pulling from a repository, if any. */
  readonly authorization: (name: string) => Promise<string | undefined>
}

/** Our own questions about what the registry has; each throws UpstreamUnavailable when it cannot tell. */
export interface RegistryLookups {
  /** Digest that a tag points to now; `undefined` only when there is no such tag. */
  tagDigest(name: string, tag: string): Promise<string | undefined>
  /** `undefined` when the repository has none; `mediaType` without parameters. */
  manifest(
    name: string,
    digest: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>
  /** `undefined` when the repository has none, or it is larger than 4 MiB. Follows one redirect to the storage. */
  configBlob(name: string, digest: string): Promise<Uint8Array | undefined>
}

export function createRegistryLookups({ client, authorization }: LookupOptions): RegistryLookups {
  const ask = async (
    name: string,
    path: string,
    { method, maxBytes }: { method: 'GET' | 'HEAD'; maxBytes: number },
  ) => {
    const token = await authorization(name)
    const headers = { accept: MANIFEST_ACCEPT, ...(token === undefined ? {} : { authorization: token }) }
    return client.ask(`/v2/${name}/${path}`, { method, headers, maxBytes, timeoutMs: TIMEOUT_MS })
  }
  return {
    tagDigest: async (name, tag) => {
      const answer = await ask(name, `manifests/${tag}`, { method: 'HEAD', maxBytes: 0 })
      if (answer.status === 404) return undefined
      return headOf(answer).digest
    },
    manifest: async (name, digest) => {
      const answer = await ask(name, `manifests/${digest}`, { method: 'GET', maxBytes: MAX_MANIFEST_BYTES })
      if (answer.status === 404) return undefined
      const { mediaType } = headOf(answer)
      if (answer.isCut) throw unexpected('a manifest larger than 4 MiB')
      return { bytes: answer.body, mediaType }
    },
    configBlob: async (name, digest) => {
      const limits = { method: 'GET', maxBytes: MAX_BLOB_BYTES } as const
      const first = await ask(name, `blobs/${digest}`, limits)
      const answer = isRedirect(first)
        ? await client.askStorage(storageUrl(first), { ...limits, headers: {}, timeoutMs: TIMEOUT_MS })
        : first
      if (answer.status === 404 || answer.isCut) return undefined
      if (answer.status !== 200) throw unexpected(`${answer.status} for a blob`)
      return answer.body
    },
  }
}

/** What the head of a manifest's answer says. @throws UpstreamUnavailable unless it says that there is one. */
export function headOf({ status, headers }: WholeAnswer): {
  readonly digest: string
  readonly mediaType: string
} {
  const digest = headers['docker-content-digest']
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (status === 401) throw new UpstreamUnavailable('refused', 'the registry refuses the token of landwaiter')
  if (status !== 200 || typeof digest !== 'string') throw unexpected(`${status} for a manifest`)
  return { digest, mediaType }
}

/** An answer that tells nothing. */
export function unexpected(what: string): UpstreamUnavailable {
  const cause = new Error(`the registry answered ${what}`)
  return new UpstreamUnavailable('headers', 'the registry did not say what it has, try again shortly', {
    cause,
  })
}

function isRedirect({ status, headers }: WholeAnswer): boolean {
  return (status === 307 || status === 302 || status === 303) && headers.location !== undefined
}

function storageUrl({ headers }: WholeAnswer): string {
  const url = URL.parse(headers.location ?? '')
  if (url === null) throw unexpected('a redirect to nowhere')
  return url.href
}
