/**
 * What `compilePolicy` has to say about a list of rules. `path` starts with the rule's 0-based index, or is empty.
 * With an `error` the list must not be used; a `warning` names a rule that works, but hardly as meant, a `note` one
 * that is perhaps meant.
 */
export interface PolicyIssue {
  readonly severity: 'error' | 'warning' | 'note'
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint?: string
}
