import t from 'tap'
import type { Question } from '../../src/model/decision.ts'
import { explain } from '../../src/policy/explain.ts'
import { decide, type Policy } from '../../src/policy/policy.ts'
import { plainDecide, type Verdicts } from './plain-policy.ts'
import { createRandom } from './random.ts'
import { randomPolicy, randomQuestion, variants } from './random-policy.ts'

const POLICIES = 600
const QUESTIONS = 6

/** The same question by another object, as after another login. */
function again(question: Question): Question {
  return structuredClone(question)
}

/** Everything about one answer that differs from the plain reading, or from the same answer come by otherwise. */
function differences(policy: Policy, question: Question, verdicts: Verdicts): readonly string[] {
  const { actions } = question.access
  const decision = decide(policy, question)
  const denied = actions.filter(action => verdicts.get(action)?.isGranted !== true)
  const [first] = denied
  const rules = [...verdicts.values()].map(({ rule }) => rule)
  // A push that is granted as an overwrite is granted by another rule than the one that settles push.
  const isFree = first === undefined && (actions.length === 0 || actions.includes('push'))
  const mayDecide = first === undefined ? rules : [verdicts.get(first)?.rule]
  const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(decision)
  const checks = {
    denied: JSON.stringify(decision.denied) === JSON.stringify(denied),
    granted: actions.every(action => decision.granted.includes(action) !== denied.includes(action)),
    rule: isFree || mayDecide.includes(decision.rule),
    remembered: same(decide(policy, again(question))),
    explained: same(explain(policy, question).decision),
    reason: /^[\x20-\x7e]{1,200}$/.test(decision.reason),
  }
  return Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [name]))
}

t.test('agrees, remembered or not, with a reading of the rules one by one', async t => {
  let granted = 0
  for (let seed = 0; seed < POLICIES; seed++) {
    const random = createRandom(seed)
    const { acl, compat, policy, errors } = randomPolicy(random)
    const asked = Array.from({ length: errors.length > 0 ? 0 : QUESTIONS }, () =>
      variants(randomQuestion(random), randomQuestion(random)),
    )
    for (const question of asked.flat()) {
      const verdicts = plainDecide(acl, question, compat !== undefined)
      const wrong = differences(policy, question, verdicts)
      if (wrong.length > 0) {
        t.fail(
          JSON.stringify({
            wrong,
            seed,
            acl,
            compat,
            question,
            verdicts: [...verdicts],
            got: decide(policy, question),
          }),
        )
        return
      }
      granted += decide(policy, question).granted.length
    }
  }
  t.ok(granted > POLICIES * 2, `${granted} actions were granted, so the policies are not all shut`)
})
