import { LRUCache } from 'lru-cache'
import type { SignatureFinding } from '../model/signature.ts'

/** Entries and children of indexes together. */
const MAX_SIZE = 50_000

/** What is remembered of one manifest under one set of keys. */
export interface CachedFinding {
  readonly finding: SignatureFinding
  /** When it must be made again, ms since the epoch; until the entry is replaced, its children still lead to it. */
  readonly until: number
  /** For a signed index, the digests of the manifests in it. */
  readonly children: readonly string[]
}

/** Findings by manifest, and the way back from the children of signed indexes to these. */
export interface FindingCache {
  get(scope: string, digest: string): CachedFinding | undefined
  set(scope: string, digest: string, entry: CachedFinding): void
  /** Digests of the indexes that were signed when last looked at and hold this manifest. */
  indexesOf(scope: string, child: string): readonly string[]
}

/** An empty cache, bounded; a `scope` is a repository with a set of keys. An evicted index takes its children along. */
export function createFindingCache(): FindingCache {
  const parents = new Map<string, Set<string>>()
  const entries = new LRUCache<string, CachedFinding & { readonly scope: string; readonly digest: string }>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ children }) => 1 + children.length,
    dispose: ({ scope, digest, children }) => {
      for (const child of children) unlink(parents, keyOf(scope, child), digest)
    },
  })
  return {
    get: (scope, digest) => entries.get(keyOf(scope, digest)),
    set: (scope, digest, entry) => {
      entries.set(keyOf(scope, digest), { ...entry, scope, digest })
      // After the entry before it has taken its own links away, and only if there was room.
      if (!entries.has(keyOf(scope, digest))) return
      for (const child of entry.children) link(parents, keyOf(scope, child), digest)
    },
    indexesOf: (scope, child) => [...(parents.get(keyOf(scope, child)) ?? [])],
  }
}

function keyOf(scope: string, digest: string): string {
  return `${scope} ${digest}`
}

function link(parents: Map<string, Set<string>>, key: string, digest: string): void {
  const known = parents.get(key) ?? new Set()
  parents.set(key, known.add(digest))
}

function unlink(parents: Map<string, Set<string>>, key: string, digest: string): void {
  const known = parents.get(key)
  known?.delete(digest)
  if (known?.size === 0) parents.delete(key)
}
