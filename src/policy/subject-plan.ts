import { LRUCache } from 'lru-cache'
import type { Subject } from '../model/subject.ts'
import type { Context } from './context.ts'
import { once } from './once.ts'
import { failedCondition, type Rule } from './rule.ts'
import { indexByName, type RuleIndex } from './rule-index.ts'
import { endsForSubject } from './text-pattern.ts'

/** What is known of one subject before it asks anything: which rules its name and its labels keep in play. */
export interface SubjectPlan {
  /** Unlike that of any other plan. */
  readonly id: number
  /** The rules in play that may apply to `name`, in the file's order. */
  readonly candidates: (name: string) => readonly Rule[]
  /** The rules in play that allow something on some names. */
  readonly named: () => readonly Rule[]
}

/** The plan of a subject; `context` is asked for when there is none yet. */
export type PlanFor = (subject: Subject, context: () => Context) => SubjectPlan

interface Sized {
  readonly plan: SubjectPlan
  readonly bytes: number
}

const MAX_PLANS = 1_000
const MAX_BYTES = 16 * 1_024 * 1_024
const POINTER_BYTES = 8
const INDEXED_BYTES = 200
const EMPTY_PLAN_BYTES = 1_000

/**
 * Plans of the subjects that asked last, one for all objects with the same content: a subject from outside is
 * a new object at every login.
 */
export function createPlans(rules: readonly Rule[]): PlanFor {
  const index = indexByName(rules, ({ nameEnds }) => [nameEnds])
  const keys = new WeakMap<Subject, string>()
  const plans = new LRUCache<string, Sized>({
    max: MAX_PLANS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }, key) => bytes + key.length,
  })
  let id = 0

  function rememberedKey(subject: Subject): string {
    const known = keys.get(subject)
    if (known !== undefined) return known
    const key = keyOf(subject)
    keys.set(subject, key)
    return key
  }

  return (subject, context) => {
    const key = rememberedKey(subject)
    const known = plans.get(key)
    if (known !== undefined) return known.plan
    id += 1
    const made = planOf({ id, rules, index }, context())
    plans.set(key, made)
    return made.plan
  }
}

function keyOf({ name, labels, isExternal }: Subject): string {
  return JSON.stringify([name, labels, isExternal === true])
}

interface Parts {
  readonly id: number
  readonly rules: readonly Rule[]
  /** By what is known of names whoever asks. */
  readonly index: RuleIndex
}

function planOf({ id, rules, index }: Parts, context: Context): Sized {
  const inPlay = new Uint8Array(rules.length)
  for (const { index, ofSubject } of rules)
    inPlay[index] = failedCondition(ofSubject, context) === undefined ? 1 : 0
  const isInPlay = (rule: Rule) => inPlay[rule.index] === 1
  const own = indexByName(
    index.general.filter(isInPlay),
    ({ name }) => (name && endsForSubject(name, context)) ?? [],
  )
  const plan: SubjectPlan = {
    id,
    candidates: name => {
      const found: Rule[] = []
      index.addSpecific(name, found)
      const specific = found.filter(isInPlay)
      own.addSpecific(name, specific)
      return specific.length === 0 ? own.general : merge(own.general, specific)
    },
    named: once(() =>
      rules.filter(rule => rule.name !== undefined && rule.effect === 'allow' && isInPlay(rule)),
    ),
  }
  return { plan, bytes: EMPTY_PLAN_BYTES + rules.length + sizeOf(inPlay, index.general.length) }
}

/** At most: every rule in play has a name, and every general one is in the index of its own. */
function sizeOf(inPlay: Uint8Array, generalCount: number): number {
  const count = inPlay.reduce((sum, flag) => sum + flag, 0)
  return count * POINTER_BYTES + Math.min(count, generalCount) * INDEXED_BYTES
}

/** Both lists in the file's order; `general` is in it already, `specific` may hold a rule more than once. */
function merge(general: readonly Rule[], specific: readonly Rule[]): readonly Rule[] {
  const sorted = [...new Set(specific)].sort((a, b) => a.index - b.index)
  const merged: Rule[] = []
  let at = 0
  for (const rule of general) {
    for (let next = sorted[at]; next !== undefined && next.index < rule.index; next = sorted[at]) {
      merged.push(next)
      at += 1
    }
    merged.push(rule)
  }
  return [...merged, ...sorted.slice(at)]
}
