import type { ResourceActions } from '../model/access.ts'
import { AppError } from '../model/errors.ts'

const MAX_SCOPES = 512
const MAX_CHARACTERS = 32 * 1024
const MAX_SHOWN = 100

// Anchored, where docker_auth takes the first hit: `Repository:` is refused, not read as `epository:`.
const TYPE = /^([a-z0-9]+)(?:\([a-z0-9]+\))?$/

/** A `scope` parameter that cannot be read; `message` is docker_auth's text and goes to the client. */
export class ScopeError extends AppError {
  readonly code = 'SCOPE_INVALID'
}

/**
 * Accesses asked for by the values of the `scope` parameter, each a space-separated list: one entry a
 * scope, in the order of the request, repeats included. Actions are sorted and keep their repeats.
 * The deprecated class of a type is dropped. Empty pieces are skipped.
 * @throws ScopeError on a malformed scope, on more than 512 scopes or more than 32 Ki characters.
 * Spec: distribution docs/spec/auth/scope.md, "Resource Scope Grammar".
 */
export function parseScopes(values: readonly string[]): readonly ResourceActions[] {
  const characters = values.reduce((sum, value) => sum + value.length, 0)
  if (characters > MAX_CHARACTERS)
    throw new ScopeError(`scopes too long: at most ${MAX_CHARACTERS} characters`)
  const pieces = values.flatMap(value => value.split(' ')).filter(piece => piece !== '')
  if (pieces.length > MAX_SCOPES) throw new ScopeError(`too many scopes: at most ${MAX_SCOPES}`)
  return pieces.map(parseScope)
}

/** Text form of one access, `type:name:action,action`. */
export function formatScope(access: ResourceActions): string {
  return `${access.type}:${access.name}:${access.actions.join(',')}`
}

function parseScope(text: string): ResourceActions {
  const parts = text.split(':')
  const type = TYPE.exec(parts[0] ?? '')?.[1]
  if (type === undefined) throw new ScopeError('malformed scope request')
  const name = parts.slice(1, -1)
  // A name may hold one colon, that of `host:port`.
  if (name.length < 1 || name.length > 2) {
    throw new ScopeError(`invalid scope: ${JSON.stringify(text.slice(0, MAX_SHOWN))}`)
  }
  return { type, name: name.join(':'), actions: (parts.at(-1) ?? '').split(',').sort() }
}
