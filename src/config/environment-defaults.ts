import type { Fault, KeyPath } from './fault.ts'
import type { Environment } from './interpolate.ts'
import { getIn, setIn, type Tree } from './tree.ts'

/** Keys that the environment sets when the file does not. */
const VARIABLES = [
  { path: ['domains', 'registry'], variable: 'REGISTRY_DOMAIN' },
  { path: ['domains', 'auth'], variable: 'AUTH_DOMAIN' },
  { path: ['state_dir'], variable: 'LANDWAITER_STATE_DIR' },
] as const

/** The tree with values from the environment where it has none; an empty variable counts as not set. */
export function withEnvironment(tree: Tree, env: Environment): Tree {
  return missing(tree, env).reduce((result, { path, variable }) => setIn(result, path, env[variable]), tree)
}

/** The faults, those about a value that came from the environment with the variable's name as a hint. */
export function blameEnvironment(faults: readonly Fault[], tree: Tree, env: Environment): readonly Fault[] {
  const taken = missing(tree, env)
  return faults.map(fault => {
    const source = taken.find(({ path }) => same(path, fault.path))
    if (source === undefined) return fault
    return { ...fault, hint: `the value comes from the environment variable ${source.variable}` }
  })
}

function missing(tree: Tree, env: Environment) {
  return VARIABLES.filter(({ path, variable }) => Boolean(env[variable]) && getIn(tree, path) === undefined)
}

function same(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}
