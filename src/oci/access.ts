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

/** Access that a token should bring along: the request's own, and that to the source of a mount. */
export function tokenAccess(request: RegistryRequest): readonly ResourceActions[] {
  const own = requiredAccess(request)
  const isMount = request.kind === 'upload' && request.verb === 'start' && request.mount !== undefined
  return isMount ? [...own, mountSourceAccess(request.mount)] : own
}

/** Access that the registry demands of our token. It looks at the method: to cancel an upload it wants `delete`. */
export function upstreamAccess(request: RegistryRequest): readonly ResourceActions[] {
  const isCancel = request.kind === 'upload' && request.verb === 'cancel'
  return isCancel ? [repository(request.name, 'delete')] : tokenAccess(request)
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
