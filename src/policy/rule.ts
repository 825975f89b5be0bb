import type { AclEntry, AclMatch } from './acl-entry.ts'
import { type Captures, findCaptures } from './captures.ts'
import {
  type Condition,
  clientsCondition,
  fieldCondition,
  hoursCondition,
  ipCondition,
  labelCondition,
  tagsCondition,
  untilCondition,
} from './condition.ts'
import type { Context, Field } from './context.ts'
import type { Matchers } from './matcher.ts'
import { parseEnd } from './moment.ts'
import { printable } from './printable.ts'
import type { LiteralEnds } from './regex-literals.ts'
import { endsOfTemplate, parseTemplate, type Template } from './template.ts'
import { type NewWord, type RuleActions, ruleActions } from './words.ts'

// A list of actions that fills a sentence says no more than its beginning.
const MAX_ALLOWS = 100

/** One compiled rule. */
export interface Rule {
  /** 0-based place in the list. */
  readonly index: number
  /** Its name, else `acl[N]`. */
  readonly label: string
  /** For a sentence: `rule "readers"` or `acl[N]`. */
  readonly title: string
  readonly comment: string | undefined
  readonly effect: 'allow' | 'deny'
  readonly actions: RuleActions
  /** The words `acl[N] allows pull, push`, or `denies`. */
  readonly says: string
  /** In the order of trying: the cheap ones first, then `name`, and last what a request can still change. */
  readonly conditions: readonly Condition[]
  /** Those of them that the subject alone decides. */
  readonly ofSubject: readonly Condition[]
  /** The others. */
  readonly ofRequest: readonly Condition[]
  /** Present when the rule has a condition on the name. */
  readonly name: Template | undefined
  /** What every name holds to which the rule applies. */
  readonly nameEnds: LiteralEnds
  readonly hasTags: boolean
  /** Moment from which on the rule no longer applies, ms since the epoch. */
  readonly end: number | undefined
  readonly hasHours: boolean
}

interface Surroundings {
  readonly index: number
  readonly matchers: Matchers
  /** New words that the list of rules uses. */
  readonly used: ReadonlySet<NewWord>
}

/** Compiles a rule; faulty patterns, hours and ends match nothing. */
export function compileRule(entry: AclEntry, { index, matchers, used }: Surroundings): Rule {
  const { match, comment, effect = 'allow' } = entry
  const captures = findCaptures(match)
  const title = entry.name === undefined ? `acl[${index}]` : `rule ${JSON.stringify(entry.name)}`
  const actions = ruleActions(entry, used)
  const conditions = compileConditions(entry, captures, matchers)
  const name = match.name === undefined ? undefined : parseTemplate(match.name, captures)
  const verb = effect === 'allow' ? 'allows' : 'denies'
  return {
    index,
    label: entry.name ?? `acl[${index}]`,
    title,
    comment,
    effect,
    actions,
    says: printable(`${title} ${verb} ${listed(actions)}`, MAX_ALLOWS),
    conditions,
    ofSubject: conditions.filter(({ isOfSubject }) => isOfSubject),
    ofRequest: conditions.filter(({ isOfSubject }) => !isOfSubject),
    name,
    nameEnds: name === undefined ? { prefix: '', suffix: '', needed: '' } : endsOfTemplate(name),
    hasTags: entry.tags !== undefined,
    end: parseEnd(entry.until ?? ''),
    hasHours: entry.hours !== undefined,
  }
}

/** The first condition that fails; `undefined` when the rule applies. */
export function failedCondition(conditions: readonly Condition[], context: Context): Condition | undefined {
  for (const condition of conditions) {
    if (!condition.holds(context)) return condition
  }
  return undefined
}

function listed({ listed: words }: RuleActions): string {
  return words.length === 0 ? 'nothing' : words.join(', ')
}

function compileConditions(entry: AclEntry, captures: Captures, matchers: Matchers): readonly Condition[] {
  const { match, clients, tags, hours, until } = entry
  const onField = (field: Field) => {
    const source = match[field]
    return source === undefined ? [] : [fieldCondition(field, parseTemplate(source, captures), matchers)]
  }
  const onLabels = Object.entries(match.labels ?? {}).map(([key, source]) =>
    labelCondition(key, parseTemplate(source, captures), matchers),
  )
  return [
    ...onField('account'),
    ...onField('type'),
    ...onField('service'),
    ...(match.ip === undefined ? [] : [ipCondition(match.ip)]),
    ...(clients === undefined ? [] : [clientsCondition(templatesOf(clients, match), matchers)]),
    ...onLabels,
    ...onField('name'),
    ...(tags === undefined ? [] : [tagsCondition(templatesOf(tags, match), matchers)]),
    ...(hours === undefined ? [] : [hoursCondition(hours)]),
    ...(until === undefined ? [] : [untilCondition(until)]),
  ]
}

/** In the lists that docker_auth does not have, references need not stand in a field as well. */
function templatesOf(patterns: readonly string[], match: AclMatch): readonly Template[] {
  const captures = findCaptures(match, patterns)
  return patterns.map(pattern => parseTemplate(pattern, captures))
}
