import type { Question } from '../model/decision.ts'
import type { Condition } from './condition.ts'
import { type Context, contextOf } from './context.ts'
import { failedCondition, type Rule } from './rule.ts'

/** Which rule decides; `nearest` is the first one that only its `name` kept from applying. */
export interface Evaluation {
  readonly context: Context
  readonly rule: Rule | undefined
  readonly nearest: Rule | undefined
}

/** Told of each rule tried, in order; `failed` is absent for the rule that applies. */
export type OnTried = (rule: Rule, context: Context, failed?: Condition) => void

/** Tries the rules in order until one applies. */
export function evaluate(rules: readonly Rule[], question: Question, onTried?: OnTried): Evaluation {
  const context = contextOf(question)
  let nearest: Rule | undefined
  for (const rule of rules) {
    const failed = failedCondition(rule, context)
    onTried?.(rule, context, failed)
    if (failed === undefined) return { context, rule, nearest }
    if (failed.name === 'name') nearest ??= rule
  }
  return { context, rule: undefined, nearest }
}
