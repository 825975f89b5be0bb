import type { Decision, Question } from '../model/decision.ts'
import { conclude } from './conclusion.ts'
import type { Condition } from './condition.ts'
import { type Context, contextOf } from './context.ts'
import { evaluate, type Trial } from './evaluate.ts'
import type { Policy } from './policy.ts'

/** The condition that kept a rule from applying: `value` is what `pattern`, as written, was held against. */
export interface FailedCondition {
  readonly name: string
  readonly pattern: string
  readonly value: string
}

/** One rule tried; `rule` is `acl[N]`. Without `failed` it applied: `says` is what it allows or denies then. */
export interface TriedRule {
  readonly rule: string
  readonly index: number
  readonly name?: string
  readonly comment?: string
  readonly says?: string
  readonly failed?: FailedCondition
}

/** A decision and how it came about. `tried` is in the order of trying and ends where all was settled. */
export interface Explanation {
  readonly decision: Decision
  readonly tried: readonly TriedRule[]
}

/** As `decide`, with every rule tried and its first failed condition. */
export function explain(policy: Policy, question: Question): Explanation {
  const tried: TriedRule[] = []
  const context = contextOf(question, policy.insertsRaw)
  const evaluation = evaluate({
    question,
    context,
    used: policy.used,
    rules: policy.rules,
    conditionsOf: rule => rule.conditions,
    onTried: trial => tried.push(describe(trial, context)),
  })
  const plan = policy.planFor(question.subject, () => context)
  return { decision: conclude(evaluation, plan.named), tried }
}

function describe({ rule, failed }: Trial, context: Context): TriedRule {
  const { index, label, comment, says } = rule
  const id = `acl[${index}]`
  return {
    rule: id,
    index,
    ...(label !== id && { name: label }),
    ...(comment !== undefined && { comment }),
    ...(failed === undefined ? { says } : { failed: describeFailed(failed, context) }),
  }
}

function describeFailed({ name, pattern, value }: Condition, context: Context): FailedCondition {
  return { name, pattern, value: value(context) }
}
