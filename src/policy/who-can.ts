import type { Question } from '../model/decision.ts'
import type { Subject } from '../model/subject.ts'
import { decide, type Policy } from './policy.ts'

/** A question to be put for each of several subjects. */
export interface WhoCanQuestion extends Omit<Question, 'subject'> {
  readonly subjects: readonly Subject[]
}

/** A subject that may do all that was asked, and the rule that says so. */
export interface Holder {
  readonly subject: Subject
  readonly rule: string
  readonly reason: string
}

/** Those of the subjects that may do all of it, in their order. */
export function whoCan(policy: Policy, { subjects, ...question }: WhoCanQuestion): readonly Holder[] {
  return subjects.flatMap(subject => {
    const { denied, rule, reason } = decide(policy, { ...question, subject })
    return denied.length === 0 ? [{ subject, rule, reason }] : []
  })
}
