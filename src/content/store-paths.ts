import { join } from 'node:path'

const SHA256 = /^sha256:([0-9a-f]{64})$/

/** The two files that make a blob part of a repository. */
export interface StorePaths {
  /** Holds the digest; exists while the blob belongs to the repository. */
  readonly link: string
  /** Holds the bytes, shared by all repositories. */
  readonly data: string
}

/**
 * Where distribution's filesystem storage under `root` keeps a blob of the repository `name`; undefined for digests
 * of another algorithm than sha256. `name` must be a repository name.
 * Spec: distribution registry/storage/paths.go.
 */
export function storePaths(root: string, name: string, digest: string): StorePaths | undefined {
  const [, hex] = SHA256.exec(digest) ?? []
  if (hex === undefined) return undefined
  const base = join(root, 'docker', 'registry', 'v2')
  return {
    link: join(base, 'repositories', name, '_layers', 'sha256', hex, 'link'),
    data: join(base, 'blobs', 'sha256', hex.slice(0, 2), hex, 'data'),
  }
}
