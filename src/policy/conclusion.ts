import type { Decision, Question } from '../model/decision.ts'
import type { Evaluation } from './evaluate.ts'
import { denialReason } from './reason.ts'
import { grantedBy } from './rule.ts'

/** The decision that follows from an evaluation; a sentence is only composed when something is denied. */
export function conclude(evaluation: Evaluation, question: Question): Decision {
  const { rule } = evaluation
  const requested = question.access.actions
  const granted = rule === undefined ? [] : grantedBy(rule, requested)
  const denied = granted === requested ? [] : requested.filter(action => !granted.includes(action))
  const isGrant = rule !== undefined && denied.length === 0
  return {
    granted,
    denied,
    rule: rule?.id ?? 'default-deny',
    reason: isGrant ? rule.allows : denialReason(evaluation, denied),
  }
}
