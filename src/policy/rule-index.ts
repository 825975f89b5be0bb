import type { LiteralEnds } from './regex-literals.ts'
import type { Rule } from './rule.ts'

/** Finds the rules that a name can match without trying all. */
export interface RuleIndex {
  /** Rules that may apply to any name. */
  readonly general: readonly Rule[]
  /** Appends the other rules that may apply to `name`, in no order, perhaps more than once. */
  readonly addSpecific: (name: string, found: Rule[]) => void
}

type Groups = Map<string, Rule[]>

// A text is looked for by its last three characters: few enough that a name has as many as it is long.
const GRAM = 3

/**
 * An index of the rules by what their names begin with, else by what they end with, else by what they hold.
 * `endsOf` gives the literals of each pattern that a rule holds a name against, none if it applies to any name.
 */
export function indexByName(
  rules: readonly Rule[],
  endsOf: (rule: Rule) => readonly LiteralEnds[],
): RuleIndex {
  const byPrefix: Groups = new Map()
  const bySuffix: Groups = new Map()
  const byGram: Groups = new Map()
  const general: Rule[] = []
  for (const rule of rules) {
    const ends = endsOf(rule)
    const isAdded =
      addUnder(
        byPrefix,
        rule,
        ends.map(({ prefix }) => prefix),
      ) ||
      addUnder(
        bySuffix,
        rule,
        ends.map(({ suffix }) => suffix),
      ) ||
      addUnder(
        byGram,
        rule,
        ends.map(({ needed }) => (needed.length < GRAM ? '' : needed.slice(-GRAM))),
      )
    if (!isAdded) general.push(rule)
  }
  const prefixLengths = lengthsOf(byPrefix)
  const suffixLengths = lengthsOf(bySuffix)
  return {
    general,
    addSpecific: (name, found) => {
      for (const length of prefixLengths) addAll(found, byPrefix.get(name.slice(0, length)))
      for (const length of suffixLengths) addAll(found, bySuffix.get(name.slice(-length)))
      if (byGram.size === 0) return
      for (let at = GRAM; at <= name.length; at++) addAll(found, byGram.get(name.slice(at - GRAM, at)))
    },
  }
}

/** Adds the rule under each key, if there are keys and none is empty. */
function addUnder(groups: Groups, rule: Rule, keys: readonly string[]): boolean {
  if (keys.length === 0 || keys.includes('')) return false
  for (const key of new Set(keys)) {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [rule])
    else group.push(rule)
  }
  return true
}

function lengthsOf(groups: Groups): readonly number[] {
  return [...new Set([...groups.keys()].map(key => key.length))]
}

function addAll(found: Rule[], rules: readonly Rule[] = []): void {
  for (const rule of rules) found.push(rule)
}
