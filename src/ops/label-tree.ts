/** What belongs to each list of label values, made when it is first asked for. */
export interface LabelTree<T> {
  /** All lists have the same length. */
  readonly get: (values: readonly string[]) => T
  readonly clear: () => void
}

interface Node<T> {
  readonly next: Map<string, Node<T>>
  leaf?: T
}

/** An empty tree. One map for each label costs less than one key made of all values, which is a new string each time. */
export function createLabelTree<T>(make: (values: readonly string[]) => T): LabelTree<T> {
  let root: Node<T> = { next: new Map() }
  return {
    get: values => {
      let node = root
      for (const value of values) node = childOf(node, value)
      node.leaf ??= make([...values])
      return node.leaf
    },
    clear: () => {
      root = { next: new Map() }
    },
  }
}

function childOf<T>(node: Node<T>, value: string): Node<T> {
  const known = node.next.get(value)
  if (known !== undefined) return known
  const made: Node<T> = { next: new Map() }
  node.next.set(value, made)
  return made
}
