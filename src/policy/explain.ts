import type { Decision, Question } from '../model/decision.ts'
import { conclude } from './conclusion.ts'
import type { Condition } from './condition.ts'
import type { Context } from './context.ts'
import { evaluate } from './evaluate.ts'
import type { Policy } from './policy.ts'

/** The condition that kept a rule from applying: `value` is what `pattern`, as written, was held against. */
export interface FailedCondition {
  readonly name: string
  readonly pattern: string
  readonly value: string
}

/** One rule tried; without `failed` it is the one that decided. */
export interface TriedRule {
  readonly rule: string
  readonly comment?: string
  readonly failed?: FailedCondition
}

/** A decision and how it came about. `tried` is in the order of trying and ends with the deciding rule. */
export interface Explanation {
  readonly decision: Decision
  readonly tried: readonly TriedRule[]
}

/** As `decide`, with every rule tried and its first failed condition. */
export function explain(policy: Policy, question: Question): Explanation {
  const tried: TriedRule[] = []
  const evaluation = evaluate(policy.rules, question, (rule, context, failed) => {
    tried.push({
      rule: rule.id,
      ...(rule.comment !== undefined && { comment: rule.comment }),
      ...(failed !== undefined && { failed: describe(failed, context) }),
    })
  })
  return { decision: conclude(evaluation, question), tried }
}

function describe({ name, pattern, value }: Condition, context: Context): FailedCondition {
  return { name, pattern, value: value(context) }
}
