import type { Fault, KeyPath } from './fault.ts'
import { getIn, isTree, type Tree } from './tree.ts'

/**
 * Keys without a value that change who may do what: a condition that is not checked (an error when no other
 * is left, for then the rule is everybody's), and a user who matches nobody.
 */
export function nullValueFaults(value: Tree, nulls: readonly KeyPath[]): readonly Fault[] {
  const conditions = nulls.filter(path => isCondition(path) && getIn(value, path) === undefined)
  const { users } = value
  return [
    ...conditions.map(path => conditionFault(value, path)),
    ...Object.entries(isTree(users) ? users : {}).flatMap(([name, user]) =>
      user === null ? [userFault(name)] : [],
    ),
  ]
}

function isCondition(path: KeyPath): boolean {
  return path.length === 4 && path[0] === 'acl' && path[2] === 'match'
}

function conditionFault(value: Tree, path: KeyPath): Fault {
  const match = path.slice(0, 3)
  if (Object.keys(getIn(value, match) ?? {}).length === 0) {
    const message = 'no condition has a value, so this rule would match every request'
    const hint = 'give a value, or write match: {} when that is meant'
    return { severity: 'error', path: match, message, hint }
  }
  const message = 'this condition has no value, so it is not checked'
  return { severity: 'warning', path, message, hint: 'write "" for the empty text' }
}

function userFault(name: string): Fault {
  const message = `user ${JSON.stringify(name)} has no settings and matches nobody`
  return {
    severity: 'warning',
    path: ['users', name],
    message,
    hint: 'write {} for a user without a password',
  }
}
