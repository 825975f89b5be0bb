import type { Subject } from '../model/subject.ts'
import { contextOf } from './context.ts'
import type { Policy } from './policy.ts'
import { failedCondition, type Rule } from './rule.ts'

/**
 * Whether some request of the subject may be allowed. `false` is certain; `true` may still need a request that
 * nobody can make, since conditions on it are taken to hold.
 */
export function hasAnyRight({ rules, insertsRaw }: Policy, subject: Subject): boolean {
  const access = { type: '', name: '', actions: [] }
  const context = contextOf({ subject, access, service: '', clientIp: '', now: 0 }, insertsRaw)
  for (const rule of rules) {
    if (failedCondition(rule.ofSubject, context) !== undefined) continue
    if (rule.effect === 'allow' && rule.actions.words.size > 0) return true
    if (endsEverything(rule)) return false
  }
  return false
}

function endsEverything({ ofRequest, effect, actions }: Rule): boolean {
  return ofRequest.length === 0 && (effect === 'allow' || actions.isAll)
}
