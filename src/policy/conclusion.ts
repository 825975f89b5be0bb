import type { Decision } from '../model/decision.ts'
import type { Evaluation } from './evaluate.ts'
import { denialReason } from './reason.ts'
import { failedCondition, type Rule } from './rule.ts'

/**
 * The decision that follows from an evaluation; a sentence is only composed when something is denied.
 * `named` gives the rules among which the one may be that only its `name` kept from applying.
 */
export function conclude(evaluation: Evaluation, named: () => readonly Rule[]): Decision {
  const { granted, denied, rule } = evaluation
  const label = rule?.label ?? 'default-deny'
  if (rule !== undefined && denied.length === 0) return { granted, denied, rule: label, reason: rule.says }
  return {
    granted,
    denied,
    rule: label,
    reason: denialReason(evaluation, () => nearest(evaluation, named())),
  }
}

function nearest({ context }: Evaluation, named: readonly Rule[]): Rule | undefined {
  return named.find(({ ofRequest }) => failedCondition(ofRequest, context)?.name === 'name')
}
