/**
 * Access to one resource; the fields are those of an entry of the JWT `access` claim.
 * `actions` are words: `pull`, `push`, `delete`, `*`; docker_auth grants any word that a rule lists.
 * Spec: distribution docs/spec/auth/scope.md, docs/spec/auth/jwt.md.
 */
export interface ResourceActions {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}
