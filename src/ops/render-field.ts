import { Secret } from '../model/secret.ts'

/** Limits and liberties of one rendering. */
interface Rendering {
  readonly stacks: boolean
  /** Values that may still be rendered; bounds cycles and huge objects. */
  nodes: number
}

const TEXT_MAX = 2_048 // characters
const TEXT_MAX_WITH_STACKS = 16_384
const NODES_MAX = 200
const DEPTH_MAX = 6

/**
 * A value as it may stand in a log line: plain JSON data of at most 2,048 characters (16,384 with stacks), errors
 * as name, message, code and causes, secrets as `***`. `undefined` when there is nothing to show. Never throws.
 */
export function renderField(value: unknown, { stacks }: { readonly stacks: boolean }): unknown {
  try {
    const rendered = render(value, { stacks, nodes: NODES_MAX }, 0)
    if (typeof rendered !== 'object' || rendered === null) return rendered
    const limit = stacks ? TEXT_MAX_WITH_STACKS : TEXT_MAX
    const text = JSON.stringify(rendered)
    return text.length <= limit ? rendered : clip(text, limit)
  } catch {
    // A getter or proxy of the value threw; the line without it is still worth having.
    return '[unreadable]'
  }
}

function render(value: unknown, rendering: Rendering, depth: number): unknown {
  if (--rendering.nodes < 0 || depth > DEPTH_MAX) return '…'
  switch (typeof value) {
    case 'string':
      return clip(value, TEXT_MAX)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? null : renderObject(value, rendering, depth)
    default:
      return undefined
  }
}

function renderObject(value: object, rendering: Rendering, depth: number): unknown {
  if (value instanceof Secret) return value.toString()
  if (value instanceof Error) return renderError(value, rendering, depth)
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return render(value.toJSON(), rendering, depth + 1)
  if (value instanceof Map || value instanceof Set) return renderList([...value], rendering, depth)
  if (Array.isArray(value)) return renderList(value, rendering, depth)
  return renderEntries(Object.entries(value), rendering, depth)
}

function renderList(values: readonly unknown[], rendering: Rendering, depth: number): readonly unknown[] {
  const shown = values.slice(0, Math.max(rendering.nodes, 0))
  return shown.map(value => render(value, rendering, depth + 1) ?? null)
}

function renderEntries(
  entries: readonly (readonly [string, unknown])[],
  rendering: Rendering,
  depth: number,
) {
  const shown = entries.slice(0, Math.max(rendering.nodes, 0))
  return Object.fromEntries(
    shown.map(([key, value]) => [clip(key, 128), render(value, rendering, depth + 1)]),
  )
}

function renderError(error: Error, rendering: Rendering, depth: number): unknown {
  const { name, message, cause } = error
  const code = 'code' in error ? error.code : undefined
  // The error of a failed connection to several addresses has no message of its own.
  const errors = error instanceof AggregateError ? error.errors : undefined
  const stack = rendering.stacks ? error.stack : undefined
  const shown = Object.entries({ name, message, code, cause, errors, stack })
  return renderEntries(
    shown.filter(([, value]) => value !== undefined),
    rendering,
    depth,
  )
}

function clip(text: string, limit: number): string {
  if (text.length <= limit) return text
  const omitted = text.length - limit
  return `${text.slice(0, limit).toWellFormed()}… (${omitted} more)`
}
