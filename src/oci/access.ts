import type { ResourceActions } from '../model/access.ts'
import type { Mount, RegistryRequest } from '../model/registry-request.ts'

/**
 * Access that a request needs on its own resource; none for a ping. Actions are sorted and unique.
 * Everything inside an upload session is a push, cancelling too. The source of a mount is not in it.
 * Spec: distribution docs/spec/auth/scope.md.
 */
export function requiredAccess(request: RegistryRequest): readonly ResourceActions[] {
  switch (request.kind) {
    case 'ping':
      return []
    case 'catalog':
      return [{ type: 'registry', name: 'catalog', actions: ['*'] }]
    case 'tags':
    case 'referrers':
      return [repository(request.name, 'pull')]
    case 'manifest':
    case 'blob':
      return [repository(request.name, ...ACTIONS[request.verb])]
    case 'upload':
      return [repository(request.name, 'pull', 'push')]
  }
}

/** Access to the repository that a mount takes its blob from. */
export function mountSourceAccess(mount: Mount): ResourceActions {
  return repository(mount.from, 'pull')
}

const ACTIONS = {
  check: ['pull'],
  read: ['pull'],
  write: ['pull', 'push'],
  delete: ['delete'],
} as const

function repository(name: string, ...actions: readonly string[]): ResourceActions {
  return { type: 'repository', name, actions }
}
