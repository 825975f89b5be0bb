import type { Question } from '../model/decision.ts'
import type { Condition } from './condition.ts'
import type { Context } from './context.ts'
import { failedCondition, type Rule } from './rule.ts'
import { createTally, type Outcome } from './tally.ts'
import type { NewWord } from './words.ts'

/** A rule, and the one condition that kept it from applying. */
export interface NearMiss {
  readonly rule: Rule
  readonly failed: Condition
}

/** How a question came out; `missed` is the first rule that only its tags, its hours or its end kept from applying. */
export interface Evaluation extends Outcome {
  readonly context: Context
  readonly missed: NearMiss | undefined
}

/** What became of a rule that was tried: it applied, or `failed` is its first condition that did not hold. */
export interface Trial {
  readonly rule: Rule
  readonly failed?: Condition
}

/** What to try. */
export interface Attempt {
  readonly question: Question
  readonly context: Context
  readonly used: ReadonlySet<NewWord>
  /** In the file's order. */
  readonly rules: readonly Rule[]
  readonly conditionsOf: (rule: Rule) => readonly Condition[]
  readonly onTried?: (trial: Trial) => void
}

// The more fleeting the obstacle, the more it explains.
const TELLING = ['tags', 'hours', 'until']

/** Tries the rules in order until every action is settled. */
export function evaluate({ question, context, used, rules, conditionsOf, onTried }: Attempt): Evaluation {
  const tally = createTally(question, used)
  let missed: NearMiss | undefined
  for (const rule of rules) {
    const failed = failedCondition(conditionsOf(rule), context) ?? skipped(rule, context)
    if (failed === undefined) {
      onTried?.({ rule })
      if (tally.settle(rule)) break
      continue
    }
    onTried?.({ rule, failed })
    if (isMoreTelling(failed, missed?.failed)) missed = { rule, failed }
  }
  return { context, missed, ...tally.outcome() }
}

/** A rule that denies some tags says nothing when no tag is named: another tag may get what is asked. */
function skipped({ effect, hasTags, conditions }: Rule, { tag }: Context): Condition | undefined {
  if (effect === 'allow' || !hasTags || tag !== undefined) return undefined
  return conditions.find(({ name }) => name === 'tags')
}

function isMoreTelling({ name }: Condition, than: Condition | undefined): boolean {
  return TELLING.indexOf(name) > (than === undefined ? -1 : TELLING.indexOf(than.name))
}
