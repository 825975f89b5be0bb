import type { $ZodType, $ZodTypes } from 'zod/v4/core'

/**
 * What a schema wants from a YAML node. `fields` are named keys (`strict` when others are refused),
 * `entries` free keys with one kind of value, `choice` several shapes told apart by the kind of node, `tagged` mappings
 * told apart by the value of their key `tag`.
 */
export type Shape =
  | { readonly kind: 'text' | 'integer' | 'boolean' }
  | { readonly kind: 'list'; readonly item: $ZodType }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, $ZodType>>; readonly strict: boolean }
  | { readonly kind: 'entries'; readonly value: $ZodType; readonly keepsNull: boolean }
  | { readonly kind: 'choice'; readonly options: readonly Shape[] }
  | {
      readonly kind: 'tagged'
      readonly tag: string
      readonly options: ReadonlyMap<string, Shape>
      /** Of a mapping whose tag is none of them: what any of them has. */
      readonly any: Shape
    }

/** The shape below a schema's wrappers (optional, default, transform, …). */
export function shapeOf(schema: $ZodType): Shape {
  const { def } = (schema as $ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return shapeOf(def.innerType)
    case 'pipe':
      return shapeOf(def.in)
    case 'string':
    case 'enum':
      return { kind: 'text' }
    case 'number':
      return { kind: 'integer' }
    case 'boolean':
      return { kind: 'boolean' }
    case 'literal':
      return { kind: typeof def.values[0] === 'boolean' ? 'boolean' : 'text' }
    case 'array':
      return { kind: 'list', item: def.element }
    case 'object':
      return { kind: 'fields', fields: def.shape, strict: def.catchall?._zod.def.type === 'never' }
    case 'record':
      return { kind: 'entries', value: def.valueType, keepsNull: isNullable(def.valueType) }
    case 'union':
      if ('discriminator' in def) return taggedShape(`${def.discriminator}`, def.options)
      return { kind: 'choice', options: def.options.map(shapeOf) }
    default:
      throw new TypeError(`a configuration schema cannot hold "${def.type}"`)
  }
}

function taggedShape(tag: string, schemas: readonly $ZodType[]): Shape {
  const shapes = schemas.map(shapeOf).filter(shape => shape.kind === 'fields')
  const options = shapes.flatMap(shape => wordsOf(shape.fields[tag]).map(word => [word, shape] as const))
  const fields = Object.assign({}, ...shapes.map(shape => shape.fields))
  return { kind: 'tagged', tag, options: new Map(options), any: { kind: 'fields', fields, strict: true } }
}

function wordsOf(schema: $ZodType | undefined): readonly string[] {
  if (schema === undefined) return []
  const { def } = (schema as $ZodTypes)._zod
  return def.type === 'literal' ? def.values.map(String) : []
}

function isNullable(schema: $ZodType): boolean {
  return (schema as $ZodTypes)._zod.def.type === 'nullable'
}
