import type { Fault } from './fault.ts'
import type { FileConfig } from './schema.ts'

/** In docker_auth's order. */
const AUTHORIZERS = ['ext_authz', 'http_authz', 'casbin_authz'] as const

/** Warnings of authorizers that are never asked, because one before them always has an answer. */
export function adviceOnExternal(file: FileConfig): readonly Fault[] {
  const [first, ...others] = AUTHORIZERS.filter(name => file[name] !== undefined)
  return others.map(name => ({
    severity: 'warning',
    path: [name],
    message: `${name} is never asked, since ${first} always has an answer`,
    hint: `remove one of the two`,
  }))
}
