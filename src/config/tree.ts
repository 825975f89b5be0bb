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

/** A copy of the tree with a value at a path of keys and indices of lists; mappings on the way are made. */
export function setIn(tree: Tree, [key, ...rest]: KeyPath, value: unknown): Tree {
  if (key === undefined) return tree
  return { ...tree, [key]: changed(getIn(tree, [key]), rest, value) }
}

function changed(node: unknown, path: KeyPath, value: unknown): unknown {
  const [index, ...rest] = path
  if (index === undefined) return value
  if (Array.isArray(node) && typeof index === 'number') {
    return node.with(index, changed(node[index], rest, value))
  }
  return setIn(isTree(node) ? node : {}, path, value)
}

/** Whether a value is a mapping. */
export function isTree(value: unknown): value is Tree {
  return isBranch(value) && !Array.isArray(value)
}

function isBranch(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null
}
