import type { Decision, Question } from '../model/decision.ts'
import { decide, type Policy } from './policy.ts'

/** What a policy must answer: `allow` means every action, `rule` what `Decision.rule` must be. */
export interface PolicyTest {
  readonly question: Question
  readonly expect: 'allow' | 'deny'
  readonly rule?: string
}

/** A test that was run; `fault` says in one sentence how the answer differs. */
export interface PolicyTestResult<T extends PolicyTest = PolicyTest> {
  readonly test: T
  readonly decision: Decision
  readonly fault?: string
}

/** The results in the order of the tests. */
export function runPolicyTests<T extends PolicyTest>(
  policy: Policy,
  tests: readonly T[],
): readonly PolicyTestResult<T>[] {
  return tests.map(test => {
    const decision = decide(policy, test.question)
    const fault = faultOf(test, decision)
    return fault === undefined ? { test, decision } : { test, decision, fault }
  })
}

function faultOf({ expect, rule }: PolicyTest, decision: Decision): string | undefined {
  const got = decision.denied.length === 0 ? 'allow' : 'deny'
  if (got !== expect) return `expected ${expect}, got ${got}: ${decision.reason}`
  if (rule === undefined || rule === decision.rule) return undefined
  return `expected ${expect} by ${rule}, got it by ${decision.rule}: ${decision.reason}`
}
