/**
 * What `compilePolicy` has to say about a list of rules. `path` starts with the rule's 0-based index.
 * With an `error` the list must not be used; a `warning` names a rule that works, but hardly as meant.
 */
export interface PolicyIssue {
  readonly severity: 'error' | 'warning'
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
}
