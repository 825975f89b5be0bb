import { z } from 'zod'
import { ConfigSchema } from './schema.ts'

/** A node of the JSON Schema, as far as the table reads it. */
interface Node {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  /** Mappings told apart by the constant in their `type`. */
  readonly oneOf?: readonly Node[]
}

interface Row {
  readonly key: string
  readonly node: Node
}

/** The JSON Schema of the file, for editors: what may be written, with descriptions and defaults. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(ConfigSchema, { io: 'input' }),
    title: 'landwaiter configuration',
  }
}

/** The reference table in Markdown: every key, its type, default and meaning. */
export function referenceTable(): string {
  const rows = rowsOf('', jsonSchema())
  const lines = rows.map(({ key, node }) => {
    const cells = [`\`${key}\``, typeOf(node), defaultOf(node), node.description ?? '']
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| Key | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

/** A section of named keys is the sum of its rows; free keys, lists and leaves have a row of their own. */
function rowsOf(key: string, node: Node): readonly Row[] {
  const own = key === '' || node.properties !== undefined ? [] : [{ key, node }]
  return [...own, ...childRows(key, node)]
}

function childRows(key: string, node: Node): readonly Row[] {
  const { properties, additionalProperties, items, anyOf = [], oneOf = [] } = node
  const named = Object.entries(properties ?? {}).flatMap(([name, child]) =>
    rowsOf(key === '' ? name : `${key}.${name}`, child),
  )
  const free = typeof additionalProperties === 'object' ? childRows(`${key}.NAME`, additionalProperties) : []
  const listed = items === undefined ? [] : childRows(`${key}[]`, items)
  const tagged = oneOf.length === 0 ? [] : taggedRows(key, oneOf)
  return [...named, ...free, ...listed, ...anyOf.flatMap(option => childRows(key, option)), ...tagged]
}

/** Keys that not all of them have alike say whose they are, `sinks[http, otlp].gzip`. */
function taggedRows(key: string, options: readonly Node[]): readonly Row[] {
  const tags = options.map(option => option.properties?.['type']?.const)
  const list = key.replace(/\[\]$/, '')
  const kinds: Node = { ...options[0]?.properties?.['type'], const: undefined, enum: tags }
  const owners = new Map<string, { readonly tags: unknown[]; readonly name: string; readonly node: Node }>()
  options.forEach((option, index) => {
    for (const [name, node] of Object.entries(option.properties ?? {})) {
      const id = JSON.stringify([name, node])
      const owner = owners.get(id) ?? { tags: [], name, node }
      owner.tags.push(tags[index])
      owners.set(id, owner)
    }
  })
  const rows = [...owners.values()].filter(({ name }) => name !== 'type')
  return [
    { key: `${key}.type`, node: kinds },
    ...rows.flatMap(({ tags: some, name, node }) => {
      const whose = some.length === tags.length ? '' : some.join(', ')
      return rowsOf(`${list}[${whose}].${name}`, node)
    }),
  ]
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(word => `\`${word}\``).join(', ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(' or ')
  if (node.type === 'array') return `list of ${typeOf(node.items ?? {})}`
  if (node.oneOf !== undefined) return 'mapping'
  if (node.type !== 'object') return node.type ?? 'any'
  return 'mapping'
}

function defaultOf({ default: value }: Node): string {
  if (value === undefined || (typeof value === 'object' && value !== null)) return ''
  return value === '' ? '' : `\`${value}\``
}
