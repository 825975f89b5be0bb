import { type Capture, type Captures, captureText } from './captures.ts'
import { type Context, FIELDS, type Field } from './context.ts'

/** A piece of a pattern; `source` is how it is written, and what it stays when nothing replaces it. */
type TemplatePart =
  | { readonly kind: 'text'; readonly source: string }
  | { readonly kind: 'variable'; readonly source: string; readonly field: Field }
  | { readonly kind: 'capture'; readonly source: string; readonly capture: Capture }
  | { readonly kind: 'label'; readonly source: string; readonly key: string }

/** A pattern taken apart once. `labelKeys` are the labels it names, without duplicates. */
export interface Template {
  readonly source: string
  readonly parts: readonly TemplatePart[]
  readonly labelKeys: readonly string[]
}

/** Values of labels, one each; a label without one stays as it is written. */
export type LabelChoice = ReadonlyMap<string, string>

// A label's name ends at the first brace; one that holds `${` is taken as text before a placeholder.
const PLACEHOLDER = /\$\{(?:(account|type|name|service)|labels:((?:(?!\$\{)[^}])*)|[A-Za-z]+:\d+)\}/g

const NO_CHOICE: LabelChoice = new Map()

/** Takes `source` apart. Placeholders that nothing can replace become text. */
export function parseTemplate(source: string, captures: Captures): Template {
  const parts: TemplatePart[] = []
  let end = 0
  for (const match of source.matchAll(PLACEHOLDER)) {
    const part = partOf(match, captures)
    if (part === undefined) continue
    if (match.index > end) parts.push({ kind: 'text', source: source.slice(end, match.index) })
    parts.push(part)
    end = match.index + part.source.length
  }
  if (end < source.length) parts.push({ kind: 'text', source: source.slice(end) })
  const labelKeys = new Set(parts.flatMap(part => (part.kind === 'label' ? [part.key] : [])))
  return { source, parts, labelKeys: [...labelKeys] }
}

/** Whether the pattern, before labels are inserted, is the same for every question. */
export function isConstant({ parts }: Template): boolean {
  return parts.every(({ kind }) => kind === 'text' || kind === 'label')
}

/**
 * Text that every match begins with, whatever is inserted; `''` when there is none to be sure of.
 * Only a pattern that begins with a slash can become a regular expression.
 */
export function literalPrefix({ parts: [first] }: Template): string {
  if (first?.kind !== 'text' || first.source.startsWith('/')) return ''
  return /^[^*?[\\]*/.exec(first.source)?.[0] ?? ''
}

/**
 * The pattern for one question: variables quoted, captures and label values raw, replaced in one pass,
 * so that a value is never expanded again.
 */
export function substitute(template: Template, context: Context, choice: LabelChoice = NO_CHOICE): string {
  let pattern = ''
  for (const part of template.parts) pattern += partText(part, context, choice)
  return pattern
}

/** As `substitute`, for people to read: variables unquoted. */
export function display(template: Template, context: Context, choice: LabelChoice): string {
  const texts = template.parts.map(part =>
    part.kind === 'variable' ? context.fields[part.field].text : partText(part, context, choice),
  )
  return texts.join('')
}

function partOf(match: RegExpExecArray, captures: Captures): TemplatePart | undefined {
  const [source, variable, key] = match
  const field = FIELDS.find(name => name === variable)
  if (field !== undefined) return { kind: 'variable', source, field }
  if (key !== undefined) return { kind: 'label', source, key }
  const capture = captures.get(source)
  return capture && { kind: 'capture', source, capture }
}

function partText(part: TemplatePart, context: Context, choice: LabelChoice): string {
  switch (part.kind) {
    case 'text':
      return part.source
    case 'variable':
      return context.quoted(part.field)
    case 'capture':
      return captureText(part.capture, context.fields[part.capture.field].text) ?? part.source
    case 'label':
      return choice.get(part.key) ?? part.source
  }
}
