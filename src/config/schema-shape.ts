import type { $ZodType, $ZodTypes } from 'zod/v4/core'

/**
 * What a schema wants from a YAML node. `fields` are named keys (`strict` when others are refused),
 * `entries` free keys with one kind of value, `choice` several shapes told apart by the kind of node.
 */
export type Shape =
  | { readonly kind: 'text' | 'integer' | 'boolean' }
  | { readonly kind: 'list'; readonly item: $ZodType }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, $ZodType>>; readonly strict: boolean }
  | { readonly kind: 'entries'; readonly value: $ZodType; readonly keepsNull: boolean }
  | { readonly kind: 'choice'; readonly options: readonly Shape[] }

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
      return { kind: 'choice', options: def.options.map(shapeOf) }
    default:
      throw new TypeError(`a configuration schema cannot hold "${def.type}"`)
  }
}

function isNullable(schema: $ZodType): boolean {
  return (schema as $ZodTypes)._zod.def.type === 'nullable'
}
