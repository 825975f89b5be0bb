import type { AclEntry, AclMatch } from './acl-entry.ts'
import { type Captures, findCaptures } from './captures.ts'
import { type Condition, fieldCondition, ipCondition, labelCondition } from './condition.ts'
import type { Context, Field } from './context.ts'
import type { Matchers } from './matcher.ts'
import { printable } from './printable.ts'
import { parseTemplate, type Template } from './template.ts'

// A list of actions that fills a sentence says no more than its beginning.
const MAX_ALLOWS = 100

/** One compiled rule. `id` is `acl[N]`; `allows` is the words `acl[N] allows pull, push`. */
export interface Rule {
  readonly id: string
  readonly comment: string | undefined
  readonly actions: readonly string[]
  readonly allows: string
  /** In the order of trying: the cheap ones first, `name` last. */
  readonly conditions: readonly Condition[]
  /** Present when the rule has a condition on the name. */
  readonly name: Template | undefined
}

/** Compiles a rule; faulty patterns match nothing. `index` is its 0-based place in the list. */
export function compileRule(entry: AclEntry, index: number, matchers: Matchers): Rule {
  const { match, actions, comment } = entry
  const captures = findCaptures(match)
  const id = `acl[${index}]`
  return {
    id,
    comment,
    actions,
    allows: printable(`${id} allows ${actions.length === 0 ? 'nothing' : actions.join(', ')}`, MAX_ALLOWS),
    conditions: compileConditions(match, captures, matchers),
    name: match.name === undefined ? undefined : parseTemplate(match.name, captures),
  }
}

/** The first condition that fails; `undefined` when the rule applies. */
export function failedCondition(rule: Rule, context: Context): Condition | undefined {
  for (const condition of rule.conditions) {
    if (!condition.holds(context)) return condition
  }
  return undefined
}

/**
 * What the rule grants of the actions asked for: with a lone `*` all of them as they came, otherwise
 * those it lists, sorted and without duplicates.
 */
export function grantedBy(rule: Rule, requested: readonly string[]): readonly string[] {
  if (rule.actions.length === 1 && rule.actions[0] === '*') return requested
  return [...new Set(requested)].filter(action => rule.actions.includes(action)).sort()
}

function compileConditions(match: AclMatch, captures: Captures, matchers: Matchers): Condition[] {
  const onField = (field: Field) => {
    const source = match[field]
    return source === undefined ? [] : [fieldCondition(field, parseTemplate(source, captures), matchers)]
  }
  const onLabels = Object.entries(match.labels ?? {}).map(([key, source]) =>
    labelCondition(key, parseTemplate(source, captures), matchers),
  )
  const onIp = match.ip === undefined ? [] : [ipCondition(match.ip)]
  const order = [onField('account'), onField('type'), onField('service'), onIp, onLabels, onField('name')]
  return order.flat()
}
