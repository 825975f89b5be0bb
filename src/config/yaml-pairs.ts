import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import type { KeyPath } from './fault.ts'
import { type Reader, withTarget } from './yaml-reader.ts'
import { isNullText, scalarText } from './yaml-scalar.ts'

/** One key of a mapping with its value; `value` is null when the key stands alone. */
export interface YamlPair {
  readonly key: string
  readonly keyNode: Node
  readonly value: Node | null
}

/**
 * Visits the pairs of a mapping in the file's order, those of a merge (`<<`) at the merge's place, because
 * docker_auth's decoder lets the later one win. Warns of duplicate and null keys.
 */
export function readPairs(
  reader: Reader,
  { map, path }: { readonly map: YAMLMap; readonly path: KeyPath },
  visit: (pair: YamlPair) => void,
): void {
  const seen = new Set<string>()
  for (const { key: keyNode, value } of map.items as { key: Node; value: Node | null }[]) {
    if (isMergeKey(keyNode)) {
      if (value !== null) merge(reader, { node: value, path }, visit)
      continue
    }
    const key = keyText(reader, keyNode, path)
    if (key === undefined) continue
    if (seen.has(key)) {
      reader.faults.push({
        severity: 'warning',
        path,
        message: `duplicate key ${JSON.stringify(key)}: the later one wins`,
        offset: keyNode.range?.[0] ?? 0,
      })
    }
    seen.add(key)
    visit({ key, keyNode, value })
  }
}

/** A quoted `"<<"` is an ordinary key. */
function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

function merge(
  reader: Reader,
  { node, path }: { readonly node: Node; readonly path: KeyPath },
  visit: (pair: YamlPair) => void,
): void {
  withTarget(reader, { node, path }, target => {
    if (isMap(target)) return readPairs(reader, { map: target, path }, visit)
    if (isSeq(target)) {
      // The first of several maps takes precedence, so it is written last.
      for (const item of (target.items as Node[]).toReversed()) merge(reader, { node: item, path }, visit)
      return
    }
    const message = 'a merge (<<) takes a mapping or a list of mappings'
    reader.faults.push({ severity: 'error', path, message, offset: node.range?.[0] ?? 0 })
  })
}

function keyText(reader: Reader, keyNode: Node, path: KeyPath): string | undefined {
  const target = isAlias(keyNode) ? reader.document.resolve(keyNode) : keyNode
  const offset = keyNode?.range?.[0] ?? 0
  if (!isScalar(target) || target.source === '__proto__') {
    reader.faults.push({ severity: 'error', path, message: 'this cannot be a key', offset })
    return undefined
  }
  const text = scalarText(target)
  if (!isNullText(text)) return text.text
  const message =
    path.join() === 'users' ? 'this key means the anonymous user' : 'this key means the empty text'
  reader.faults.push({ severity: 'warning', path, message, hint: 'write "" to say so', offset })
  return ''
}
