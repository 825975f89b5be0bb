import type { Scope } from '../support/scope.ts'

/** Result of `work`; what it acquired through its scope is released in reverse order, also after a failure. */
export async function withScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const releases: (() => unknown)[] = []
  try {
    return await work({ teardown: release => void releases.push(release) })
  } finally {
    for (const release of releases.reverse()) await release()
  }
}
