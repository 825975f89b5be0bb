import type { Context } from './context.ts'
import type { Evaluation } from './evaluate.ts'
import { labelChoices } from './label-choices.ts'
import { printable } from './printable.ts'
import type { Rule } from './rule.ts'
import { display, type Template } from './template.ts'

const MAX_REASON = 200
const MAX_ACCOUNT = 32
const MAX_ACTIONS = 24
const MAX_RESOURCE = 60
const MAX_PATTERN = 60
const MAX_ALTERNATIVES = 3

const PHRASES: Readonly<Record<string, string>> = {
  pull: 'pull from',
  push: 'push to',
  delete: 'delete from',
  '*': 'have all rights on',
}

/** Why `denied` was denied: one printable ASCII sentence of at most 200 characters, for the docker user. */
export function denialReason(evaluation: Evaluation, denied: readonly string[]): string {
  const { context, rule, nearest } = evaluation
  const who = printable(context.fields.account.text || 'anonymous', MAX_ACCOUNT)
  const sentence = `${who} may not ${attempt(context, denied)}`
  if (rule !== undefined) return printable(`${sentence}: ${allowsOnly(rule)}`, MAX_REASON)
  const bare = printable(`${sentence}: no rule matches (default-deny)`, MAX_REASON)
  if (nearest === undefined) return bare
  const full = `${bare}; nearest ${nearest.allows} on ${namePattern(nearest, context)}`
  return full.length > MAX_REASON ? bare : full
}

function attempt({ fields }: Context, denied: readonly string[]): string {
  const type = fields.type.text
  const name = fields.name.text
  if (type === 'registry' && name === 'catalog') return 'list the catalog'
  const resource = printable(type === 'repository' ? name : `${type} ${name}`, MAX_RESOURCE)
  return `${verb(denied)} ${resource}`
}

function verb(denied: readonly string[]): string {
  const [action] = denied
  if (action === undefined) return 'access'
  const phrase = Object.hasOwn(PHRASES, action) ? PHRASES[action] : undefined
  if (denied.length === 1 && phrase !== undefined) return phrase
  const words = denied.map(word => (word === '' ? '(no action)' : word))
  return `${printable(words.join(', '), MAX_ACTIONS)} on`
}

function allowsOnly({ id, actions }: Rule): string {
  return actions.length === 0 ? `${id} allows nothing` : `${id} allows only ${actions.join(', ')}`
}

function namePattern({ name }: Rule, context: Context): string {
  if (name === undefined) return 'any name'
  const shown =
    name.labelKeys.length === 0 ? [display(name, context, new Map())] : alternatives(name, context)
  return printable(shown.join(' or '), MAX_PATTERN)
}

function alternatives(name: Template, context: Context): readonly string[] {
  const shown: string[] = []
  for (const choice of labelChoices(name.labelKeys, context.labels)) {
    if (shown.length === MAX_ALTERNATIVES) return [name.source]
    shown.push(display(name, context, choice))
  }
  return shown.length === 0 ? [name.source] : shown
}
