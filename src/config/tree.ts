import type { KeyPath } from './fault.ts'

/** Plain values of a configuration before the schema. */
export type Tree = Readonly<Record<string, unknown>>

/** The value at a path; undefined when there is none. */
export function getIn(tree: unknown, path: KeyPath): unknown {
  return path.reduce(
    (node, key) => (isBranch(node) && Object.hasOwn(node, key) ? node[key] : undefined),
    tree,
  )
}

/** A copy of the tree with a value at a path of keys; mappings on the way are made. */
export function setIn(tree: Tree, [key, ...rest]: KeyPath, value: unknown): Tree {
  if (key === undefined) return tree
  const child = getIn(tree, [key])
  return { ...tree, [key]: rest.length === 0 ? value : setIn(isTree(child) ? child : {}, rest, value) }
}

/** Whether a value is a mapping. */
export function isTree(value: unknown): value is Tree {
  return isBranch(value) && !Array.isArray(value)
}

function isBranch(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null
}
