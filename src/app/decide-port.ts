import type { Decision, Question } from '../model/decision.ts'
import { decide } from '../policy/policy.ts'
import type { Parts } from './parts.ts'

/** The policy's answer to every question of the process, counted. */
export function createDecidePort({ loaded, metrics }: Parts): (question: Question) => Decision {
  return question => {
    const decision = decide(loaded.policy, question)
    for (const action of decision.granted) metrics.countDecision({ decision: 'granted', action })
    for (const action of decision.denied) metrics.countDecision({ decision: 'denied', action })
    return decision
  }
}
