import type { Context } from './context.ts'
import type { Evaluation, NearMiss } from './evaluate.ts'
import { labelChoices } from './label-choices.ts'
import { printable } from './printable.ts'
import type { Rule } from './rule.ts'
import { display, type Template } from './template.ts'

const MAX_REASON = 200
const MAX_ACCOUNT = 32
const MAX_ACTIONS = 24
const MAX_RESOURCE = 60
const MAX_TAG = 32
const MAX_PATTERN = 60
const MAX_ALTERNATIVES = 3

const PHRASES: Readonly<Record<string, string>> = {
  pull: 'pull from',
  push: 'push to',
  overwrite: 'overwrite',
  delete: 'delete from',
  list: 'list the tags of',
  mount: 'mount into',
  '*': 'have all rights on',
}

/**
 * Why something was denied: one printable ASCII sentence of at most 200 characters, for the docker user.
 * `nearest` finds the rule that only its `name` kept from applying; it is asked when no rule applied.
 */
export function denialReason(evaluation: Evaluation, nearest: () => Rule | undefined): string {
  const { context, rule, denied, missed } = evaluation
  const who = printable(context.fields.account.text || 'anonymous', MAX_ACCOUNT)
  const why = rule === undefined ? 'no rule matches (default-deny)' : limitOf(rule)
  const bare = printable(`${who} may not ${attempt(context, denied)}: ${why}`, MAX_REASON)
  const hint = hintOf(missed, denied) ?? (rule === undefined ? nearestHint(nearest(), context) : undefined)
  if (hint === undefined) return bare
  const full = `${bare}; ${hint}`
  return full.length > MAX_REASON ? bare : full
}

function hintOf(missed: NearMiss | undefined, [action = '']: readonly string[]): string | undefined {
  if (missed === undefined) return undefined
  const { rule, failed } = missed
  if (rule.effect === 'deny' || !(rule.actions.isAll || rule.actions.words.has(action))) return undefined
  const pattern = printable(failed.pattern, MAX_PATTERN)
  switch (failed.name) {
    case 'until':
      return `${rule.title} ended ${pattern.includes(':') ? 'at' : 'on'} ${pattern}`
    case 'hours':
      return `${rule.title} holds only ${pattern}`
    default:
      return `${rule.says} on tags ${pattern}`
  }
}

function nearestHint(rule: Rule | undefined, context: Context): string | undefined {
  return rule && `nearest ${rule.says} on ${namePattern(rule, context)}`
}

function attempt({ fields, tag }: Context, denied: readonly string[]): string {
  const type = fields.type.text
  const name = fields.name.text
  if (type === 'registry' && name === 'catalog') return 'list the catalog'
  const resource = printable(type === 'repository' ? name : `${type} ${name}`, MAX_RESOURCE)
  return `${verb(denied)} ${resource}${tag === undefined ? '' : `:${printable(tag.text, MAX_TAG)}`}`
}

function verb(denied: readonly string[]): string {
  const [action] = denied
  if (action === undefined) return 'access'
  const phrase = Object.hasOwn(PHRASES, action) ? PHRASES[action] : undefined
  if (denied.length === 1 && phrase !== undefined) return phrase
  const words = denied.map(word => (word === '' ? '(no action)' : word))
  return `${printable(words.join(', '), MAX_ACTIONS)} on`
}

function limitOf({ title, effect, actions, says }: Rule): string {
  if (effect === 'deny' || actions.listed.length === 0) return says
  return `${title} allows only ${actions.listed.join(', ')}`
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
