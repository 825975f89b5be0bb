import { type Capture, type Captures, captureText } from './captures.ts'
import { type Context, FIELDS, type Field } from './context.ts'
import { afterWildcard, beforeWildcard, literalEnds } from './literal-ends.ts'
import { quoteMeta, regexSource } from './regex.ts'
import type { LiteralEnds } from './regex-literals.ts'

/** A piece of a pattern; `source` is how it is written, and what it stays when nothing replaces it. */
type TemplatePart =
  | { readonly kind: 'text'; readonly source: string }
  | { readonly kind: 'variable'; readonly source: string; readonly field: Field }
  | { readonly kind: 'capture'; readonly source: string; readonly capture: Capture }
  | { readonly kind: 'label'; readonly source: string; readonly key: string }

/**
 * A pattern taken apart once. `labelKeys` are the labels it names, without duplicates; `isRegex` says that it is
 * written as a regular expression, whatever is inserted.
 */
export interface Template {
  readonly source: string
  readonly parts: readonly TemplatePart[]
  readonly labelKeys: readonly string[]
  readonly isRegex: boolean
}

/** Values of labels, one each; a label without one stays as it is written. */
export type LabelChoice = ReadonlyMap<string, string>

// A label's name ends at the first brace; one that holds `${` is taken as text before a placeholder.
const PLACEHOLDER = /\$\{(?:(account|type|name|service)|labels:((?:(?!\$\{)[^}])*)|[A-Za-z]+:\d+)\}/g

const NO_CHOICE: LabelChoice = new Map()

/** Takes `source` apart. Placeholders that nothing can replace become text. */
export function parseTemplate(source: string, captures: Captures): Template {
  if (!source.includes('${')) return plainTemplate(source)
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
  return { source, parts, labelKeys: [...labelKeys], isRegex: isWrittenAsRegex(parts) }
}

function plainTemplate(source: string): Template {
  const parts: readonly TemplatePart[] = source === '' ? [] : [{ kind: 'text', source }]
  return { source, parts, labelKeys: [], isRegex: isWrittenAsRegex(parts) }
}

function isWrittenAsRegex(parts: readonly TemplatePart[]): boolean {
  const first = parts[0]
  const last = parts.at(-1)
  if (first?.kind !== 'text' || last?.kind !== 'text') return false
  if (parts.length === 1) return regexSource(first.source) !== undefined
  return first.source.startsWith('/') && last.source.endsWith('/')
}

/** Whether the pattern, before labels are inserted, is the same for every question. */
export function isConstant({ parts }: Template): boolean {
  return parts.every(({ kind }) => kind === 'text' || kind === 'label')
}

/** Whether the pattern has a part that reads the request, which the subject alone cannot tell. */
export function readsRequest({ parts }: Template): boolean {
  return parts.some(
    part =>
      (part.kind === 'variable' && part.field !== 'account') ||
      (part.kind === 'capture' && part.capture.field !== 'account'),
  )
}

/** The pattern when nothing is inserted into it. */
export function fixedPattern({ source, parts }: Template): string | undefined {
  return parts.every(({ kind }) => kind === 'text') ? source : undefined
}

/**
 * Texts that every match holds, whatever is inserted. Only a pattern that begins and ends with a slash
 * can become a regular expression.
 */
export function endsOfTemplate(template: Template): LiteralEnds {
  const fixed = fixedPattern(template)
  if (fixed !== undefined) return literalEnds(fixed, false)
  const first = template.parts[0]
  const last = template.parts.at(-1)
  const head = first?.kind === 'text' && !first.source.startsWith('/') ? first.source : ''
  const tail = last?.kind === 'text' && !last.source.endsWith('/') ? last.source : ''
  return { prefix: beforeWildcard(head), suffix: afterWildcard(tail), needed: '' }
}

/**
 * The pattern for one question: variables quoted, captures and label values raw or, for a subject from outside,
 * quoted, replaced in one pass, so that a value is never expanded again.
 */
export function substitute(template: Template, context: Context, choice: LabelChoice = NO_CHOICE): string {
  let pattern = ''
  for (const part of template.parts) pattern += insertedText(part, context, choice)
  return pattern
}

/** As `substitute`, for people to read: variables unquoted. */
export function display(template: Template, context: Context, choice: LabelChoice): string {
  const texts = template.parts.map(part =>
    part.kind === 'variable'
      ? context.fields[part.field].text
      : (insertedValue(part, context, choice) ?? part.source),
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

function insertedText(part: TemplatePart, context: Context, choice: LabelChoice): string {
  if (part.kind === 'text') return part.source
  if (part.kind === 'variable') return context.quoted(part.field)
  const value = insertedValue(part, context, choice)
  if (value === undefined) return part.source
  return context.insertsQuoted ? quoteMeta(value) : value
}

/** What a capture or a label stands for in this question, as it is. */
function insertedValue(part: TemplatePart, context: Context, choice: LabelChoice): string | undefined {
  if (part.kind === 'capture') return captureText(part.capture, context.fields[part.capture.field].text)
  return part.kind === 'label' ? choice.get(part.key) : undefined
}
