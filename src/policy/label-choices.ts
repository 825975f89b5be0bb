import type { Labels } from '../model/subject.ts'
import { labelValues } from './context.ts'
import type { LabelChoice } from './template.ts'

/** More combinations than this count as no match, so that one question costs a bounded time. */
const MAX_LABEL_CHOICES = 10_000

/**
 * Every combination of one value for each label of `keys` that the subject has, one at a time; none when it
 * has none of them, when one of them has no value, or when there are more than `MAX_LABEL_CHOICES`.
 */
export function* labelChoices(keys: readonly string[], labels: Labels): Generator<LabelChoice> {
  const present = keys.filter(key => Object.hasOwn(labels, key))
  const sets = present.map(key => labelValues(labels, key))
  const count = sets.reduce((product, values) => product * values.length, 1)
  if (present.length === 0 || count > MAX_LABEL_CHOICES) return
  for (let number = 0; number < count; number++) yield choiceOf(present, sets, number)
}

/** Combination `number`, read as digits of a number whose base is, place by place, the size of each set. */
function choiceOf(
  keys: readonly string[],
  sets: readonly (readonly string[])[],
  number: number,
): LabelChoice {
  let rest = number
  const choice = new Map<string, string>()
  for (const [index, key] of keys.entries()) {
    const values = sets[index] ?? []
    choice.set(key, values[rest % values.length] ?? '')
    rest = Math.floor(rest / values.length)
  }
  return choice
}
