import type { Fault } from './fault.ts'
import type { Places } from './places.ts'
import { isTree, type Tree } from './tree.ts'

const CONDITIONS = ['account', 'type', 'name', 'ip', 'service', 'labels']

/**
 * Keys without a value that change who may do what: a condition that is not checked (an error when no other
 * is left, for then the rule is everybody's), and a user who matches nobody.
 */
export function nullValueFaults(value: Tree, places: Places): readonly Fault[] {
  const { acl, users } = value
  return [
    ...(Array.isArray(acl) ? acl.flatMap((entry: unknown, index) => matchFaults(entry, index, places)) : []),
    ...Object.entries(isTree(users) ? users : {}).flatMap(([name, user]) =>
      user === null ? [userFault(name)] : [],
    ),
  ]
}

function matchFaults(entry: unknown, index: number, places: Places): readonly Fault[] {
  const match = isTree(entry) ? entry['match'] : undefined
  if (!isTree(match)) return []
  const path = ['acl', index, 'match']
  const nulls = CONDITIONS.filter(key => !(key in match) && places.get([...path, key]) !== undefined)
  if (nulls.length > 0 && Object.keys(match).length === 0) {
    const message = `no condition has a value, so this rule would match every request`
    return [{ severity: 'error', path, message, hint: 'give a value, or write match: {} when that is meant' }]
  }
  return nulls.map(key => {
    const message = 'this condition has no value, so it is not checked'
    return { severity: 'warning', path: [...path, key], message, hint: 'write "" for the empty text' }
  })
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
