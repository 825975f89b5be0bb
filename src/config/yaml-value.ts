import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml'
import type { $ZodType } from 'zod/v4/core'
import type { Fault, KeyPath } from './fault.ts'
import { interpolate } from './interpolate.ts'
import type { Places } from './places.ts'
import { type Shape, shapeOf } from './schema-shape.ts'
import { isTree, type Tree } from './tree.ts'
import { unknownKey } from './unknown-key.ts'
import type { YamlDocument } from './yaml-document.ts'
import { readPairs } from './yaml-pairs.ts'
import {
  createReader,
  isExhausted,
  notePlace,
  type Reader,
  type ReadingOptions,
  type SecretFile,
  withTarget,
} from './yaml-reader.ts'
import { booleanOf, integerOf, isNullText, type ScalarText, scalarText } from './yaml-scalar.ts'

/** Plain values for the schema, and what was found on the way to them. */
export interface Reading {
  /** Undefined when the document cannot be walked at all. */
  readonly value: Tree | undefined
  readonly faults: readonly Fault[]
  readonly places: Places
  readonly secretFiles: readonly SecretFile[]
  /** Paths of keys that have no value where they stand; a duplicate may still give them one. */
  readonly nulls: readonly KeyPath[]
}

/** A value that is not there: null, or an unset variable's empty text. BROKEN has a fault of its own. */
const ABSENT = Symbol('null')
const EMPTY = Symbol('empty')
const BROKEN = Symbol('broken')

interface Spot {
  readonly path: KeyPath
  readonly shape: Shape
  /** What the same key held before: docker_auth's decoder writes into it. */
  readonly previous?: unknown
}

/**
 * Values of the document as docker_auth's decoder reads them, guided by the schema: a text field takes a
 * scalar's source, an integer field Go's literals, a boolean field YAML 1.1 words; null is "not there";
 * a duplicate key and a merge (`<<`) write into what stands there already, in the file's order.
 */
export function readValue(document: YamlDocument, schema: $ZodType, options: ReadingOptions): Reading {
  const reader = createReader(document, options)
  const spot: Spot = { path: [], shape: shapeOf(schema) }
  const value = document.root === null ? ABSENT : read(reader, document.root, spot)
  return {
    value: isTree(value) && !isExhausted(reader) ? value : undefined,
    faults: reader.faults,
    places: reader.places,
    secretFiles: [...reader.secretFiles.values()],
    nulls: reader.nulls,
  }
}

function read(reader: Reader, node: Node, spot: Spot, key?: Node): unknown {
  notePlace(reader, spot.path, node, key)
  const value = withTarget(reader, { node, path: spot.path }, target => readTarget(reader, target, spot))
  return value === undefined ? BROKEN : value
}

function readTarget(reader: Reader, node: Node, spot: Spot): unknown {
  const { shape } = spot
  if (isScalar(node)) return readScalar(reader, node, spot)
  if (shape.kind === 'choice') {
    const option = shape.options.find(({ kind }) => (isSeq(node) ? kind === 'list' : isMapping(kind)))
    if (option !== undefined) return readTarget(reader, node, { ...spot, shape: option })
  }
  if (isMap(node) && shape.kind === 'tagged') {
    return readTarget(reader, node, { ...spot, shape: taggedOf(reader, node, shape) })
  }
  if (isMap(node) && shape.kind === 'fields') return readFields(reader, node, { ...spot, shape })
  if (isMap(node) && shape.kind === 'entries') return readEntries(reader, node, { ...spot, shape })
  if (isSeq(node) && shape.kind === 'list') return readList(reader, node, { ...spot, shape })
  return broken(reader, spot.path, `must be ${wanted(shape)}, not a ${isSeq(node) ? 'list' : 'mapping'}`)
}

/** The tag is looked at where it stands; one that comes by a merge is not found, so all keys are allowed then. */
function taggedOf(
  { env }: Reader,
  map: YAMLMap,
  { tag, options, any }: Shape & { readonly kind: 'tagged' },
): Shape {
  const value = map.get(tag, true)
  if (!isScalar(value)) return any
  return options.get(interpolate(scalarText(value).text, env).text) ?? any
}

function readList(
  reader: Reader,
  list: YAMLSeq,
  { path, shape }: Spot & { readonly shape: Shape & { readonly kind: 'list' } },
): unknown {
  const values: unknown[] = []
  for (const item of list.items as Node[]) {
    const found = read(reader, item, { path: [...path, values.length], shape: shapeOf(shape.item) })
    if (found !== EMPTY) values.push(elementOf(found, shape.item))
  }
  return values
}

/** Go's zero value for what is null inside a list or a free mapping. */
function elementOf(value: unknown, schema: $ZodType): unknown {
  if (typeof value !== 'symbol') return value
  if (value === BROKEN) return undefined
  const { kind } = shapeOf(schema)
  if (kind === 'text') return ''
  return kind === 'list' ? [] : undefined
}

function readFields(
  reader: Reader,
  map: YAMLMap,
  { path, shape, previous }: Spot & { readonly shape: Shape & { readonly kind: 'fields' } },
): unknown {
  const { fields, strict } = shape
  const known = Object.keys(fields)
  const values: Record<string, unknown> = isTree(previous) ? { ...previous } : {}
  readPairs(reader, { map, path }, ({ key, keyNode, value }) => {
    const schema = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (schema === undefined) {
      const fault = unknownKey({ path, key, known, strict, isNull: isNullNode(value) })
      if (fault !== undefined) reader.faults.push({ ...fault, offset: keyNode.range?.[0] ?? 0 })
      return
    }
    const spot = { path: [...path, key], shape: shapeOf(schema), previous: values[key] }
    const found = value === null ? nothing(reader, spot.path, keyNode) : read(reader, value, spot, keyNode)
    if (typeof found === 'symbol') delete values[key]
    else values[key] = found
    if (found === ABSENT) reader.nulls.push(spot.path)
    noteSecretFile(reader, spot.path, found, known)
  })
  return values
}

function readEntries(
  reader: Reader,
  map: YAMLMap,
  { path, shape, previous }: Spot & { readonly shape: Shape & { readonly kind: 'entries' } },
): unknown {
  const values: Record<string, unknown> = isTree(previous) ? { ...previous } : {}
  readPairs(reader, { map, path }, ({ key, keyNode, value }) => {
    const spot = { path: [...path, key], shape: shapeOf(shape.value) }
    const found = value === null ? nothing(reader, spot.path, keyNode) : read(reader, value, spot, keyNode)
    if (found === BROKEN) delete values[key]
    else if (found === ABSENT && shape.keepsNull) values[key] = null
    else values[key] = elementOf(found, shape.value)
  })
  return values
}

/** A key without a colon, as in `{a}`, has a null value. */
function nothing(reader: Reader, path: KeyPath, key: Node): typeof ABSENT {
  notePlace(reader, path, key, key)
  return ABSENT
}

function noteSecretFile(reader: Reader, path: KeyPath, file: unknown, known: readonly string[]): void {
  const key = `${path.at(-1)}`
  const target = key.endsWith('_file') ? key.slice(0, -'_file'.length) : undefined
  if (target === undefined || !known.includes(target)) return
  const id = JSON.stringify(path)
  if (typeof file !== 'string') reader.secretFiles.delete(id)
  else reader.secretFiles.set(id, { path: [...path.slice(0, -1), target], filePath: path, file })
}

function readScalar(reader: Reader, node: Scalar, { path, shape }: Spot): unknown {
  const scalar = scalarText(node)
  if (isNullText(scalar)) return ABSENT
  if (!reader.interpolated.has(`${path[0]}`)) return typed(reader, scalar, { path, shape })
  const { text, hasVariable, fault } = interpolate(scalar.text, reader.env)
  if (fault !== undefined) return broken(reader, path, fault.message, fault.hint)
  if (hasVariable && text === '') return EMPTY
  return typed(reader, { text, plain: scalar.plain || hasVariable }, { path, shape })
}

function typed(reader: Reader, scalar: ScalarText, { path, shape }: Spot): unknown {
  const options = shape.kind === 'choice' ? shape.options : [shape]
  const has = (kind: Shape['kind']) => options.some(option => option.kind === kind)
  const value =
    (has('boolean') ? booleanOf(scalar) : undefined) ??
    (has('text') ? scalar.text : undefined) ??
    (has('integer') ? integerOf(scalar) : undefined)
  return value ?? broken(reader, path, `must be ${wanted(shape)}`, hintFor(shape, scalar))
}

function hintFor(shape: Shape, { text, plain }: ScalarText): string | undefined {
  if (shape.kind === 'list') return `write [${JSON.stringify(text)}]`
  if (shape.kind === 'integer' && /^\d+[a-z]+$/i.test(text)) return 'write the number without a unit'
  const isNumberOrWord = shape.kind === 'integer' || shape.kind === 'boolean'
  return isNumberOrWord && !plain ? 'remove the quotes' : undefined
}

function wanted(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return 'a single value'
    case 'integer':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'list':
      return 'a list'
    case 'fields':
    case 'entries':
    case 'tagged':
      return 'a mapping'
    case 'choice':
      return shape.options.some(({ kind }) => kind === 'text')
        ? 'a single value'
        : shape.options.map(wanted).join(' or ')
  }
}

function isMapping(kind: Shape['kind']): boolean {
  return kind === 'fields' || kind === 'entries' || kind === 'tagged'
}

function isNullNode(node: Node | null): boolean {
  return node === null || (isScalar(node) && isNullText(scalarText(node)))
}

function broken(reader: Reader, path: KeyPath, message: string, hint?: string): typeof BROKEN {
  const fault: Fault = { severity: 'error', path, message, spoils: true }
  reader.faults.push(hint === undefined ? fault : { ...fault, hint })
  return BROKEN
}
