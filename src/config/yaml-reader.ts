import { isAlias, isScalar, type Node } from 'yaml'
import type { Fault, KeyPath } from './fault.ts'
import type { Environment } from './interpolate.ts'
import { createPlaces, type Places } from './places.ts'
import type { YamlDocument } from './yaml-document.ts'

export interface ReadingOptions {
  readonly env: Environment
  /** Top-level sections whose scalars may name environment variables. */
  readonly interpolated: ReadonlySet<string>
}

/** A `NAME_file` key: the text of `file` is the value of `path`. */
export interface SecretFile {
  readonly path: KeyPath
  readonly filePath: KeyPath
  readonly file: string
}

/** What one walk over a document gathers. */
export interface Reader extends ReadingOptions {
  readonly document: YamlDocument
  readonly places: Places
  readonly faults: Fault[]
  readonly secretFiles: Map<string, SecretFile>
  /** Paths of keys without a value. */
  readonly nulls: KeyPath[]
  /** Nodes whose alias is being followed. */
  readonly open: Node[]
  aliasedNodes: number
}

/** Far above what a real file needs, far below what would make a start slow. */
const MAX_ALIASED_NODES = 100_000

/** A reader at the start of its walk. */
export function createReader(document: YamlDocument, options: ReadingOptions): Reader {
  return {
    ...options,
    document,
    places: createPlaces(),
    faults: [],
    secretFiles: new Map(),
    nulls: [],
    open: [],
    aliasedNodes: 0,
  }
}

/** Whether aliases multiply the document beyond all use; one fault has been reported then. */
export function isExhausted(reader: Reader): boolean {
  return reader.aliasedNodes > MAX_ALIASED_NODES
}

/**
 * What `use` returns for the node, or for the node that it is an alias of. Undefined, with a fault, when the
 * alias has no anchor, contains itself, or takes part in a multiplication of aliases.
 */
export function withTarget<T>(
  reader: Reader,
  { node, path }: { readonly node: Node; readonly path: KeyPath },
  use: (target: Node) => T,
): T | undefined {
  if (isExhausted(reader)) return undefined
  if (reader.open.length > 0) {
    reader.aliasedNodes++
    if (isExhausted(reader))
      return fail(reader, node, path, { message: 'aliases multiply this document too often' })
  }
  if (!isAlias(node)) return use(node)
  const target = reader.document.resolve(node)
  if (target === undefined) {
    return fail(reader, node, path, {
      message: `no anchor "${node.source}" above this place`,
      hint: 'quote a text that begins with *',
    })
  }
  if (reader.open.includes(target)) {
    return fail(reader, node, path, { message: `the anchor "${node.source}" contains itself` })
  }
  reader.open.push(target)
  const result = use(target)
  reader.open.pop()
  return result
}

/** Notes where a path's key and value stand; a value without text stands at its key. */
export function notePlace(reader: Reader, path: KeyPath, node: Node, key?: Node): void {
  const isBare = isScalar(node) && node.source === '' && node.type === 'PLAIN'
  const keyOffset = key?.range?.[0]
  const value = (isBare ? keyOffset : undefined) ?? node.range?.[0] ?? 0
  reader.places.set(path, keyOffset === undefined ? { value } : { key: keyOffset, value })
}

function fail(
  reader: Reader,
  node: Node,
  path: KeyPath,
  text: { readonly message: string; readonly hint?: string },
): undefined {
  reader.faults.push({ severity: 'error', path, ...text, offset: node.range?.[0] ?? 0, spoils: true })
  return undefined
}
