import type { Question } from '../model/decision.ts'
import type { Rule } from './rule.ts'
import type { NewWord } from './words.ts'

/** How a question came out; `rule` is the one that `Decision.rule` names. */
export interface Outcome {
  readonly granted: readonly string[]
  readonly denied: readonly string[]
  readonly rule: Rule | undefined
}

/** Gathers, rule by rule, what becomes of each action asked for. */
export interface Tally {
  /** Takes a rule that applies; `true` when no later rule has anything left to say. */
  readonly settle: (rule: Rule) => boolean
  readonly outcome: () => Outcome
}

interface Settled {
  readonly isGranted: boolean
  readonly rule: Rule
}

/**
 * An empty tally. The first rule that speaks of an action settles it: one that denies speaks of what it lists, one
 * that allows of every action, but with tags, when the question has none, only of what it allows.
 * Without a tag, `push` is granted where `overwrite` is. `used` are the new words that the rules use.
 */
export function createTally({ access, tag }: Question, used: ReadonlySet<NewWord>): Tally {
  const requested = access.actions
  const hasAlternative = tag === undefined && used.has('overwrite') && requested.includes('push')
  const open = new Set(hasAlternative ? [...requested, 'overwrite'] : requested)
  const settled = new Map<string, Settled>()
  let last: Rule | undefined

  const settle = (rule: Rule): boolean => {
    const isFinal = isLast(rule, tag)
    for (const word of open) {
      const verdict = verdictOn(word, { rule, isFinal, type: access.type })
      if (verdict === 'silent') continue
      settled.set(word, { isGranted: verdict === 'granted', rule })
      open.delete(word)
      if (verdict === 'granted') last = rule
    }
    if (isFinal) last ??= rule
    return isFinal || (open.size === 0 && requested.length > 0)
  }

  const outcome = (): Outcome => {
    const isGranted = (word: string): boolean =>
      settled.get(word)?.isGranted === true || (word === 'push' && hasAlternative && isGranted('overwrite'))
    const denied = requested.filter(word => !isGranted(word))
    const [first] = denied
    if (first !== undefined) {
      return { granted: grantedOf(requested, isGranted), denied, rule: settled.get(first)?.rule }
    }
    const isWhatever = [...settled.values()].every(({ rule }) => rule.actions.isAll)
    return { granted: isWhatever ? [...requested] : grantedOf(requested, isGranted), denied, rule: last }
  }

  return { settle, outcome }
}

/** docker_auth's order: what was listed comes sorted and once, what a lone `*` allows as it was asked for. */
function grantedOf(requested: readonly string[], isGranted: (word: string) => boolean): readonly string[] {
  return [...new Set(requested)].filter(isGranted).sort()
}

/** Whether a rule that applies leaves nothing to the rules behind it. */
function isLast({ effect, hasTags, actions }: Rule, tag: string | undefined): boolean {
  return effect === 'allow' ? !hasTags || tag !== undefined : actions.isAll
}

interface Saying {
  readonly rule: Rule
  readonly isFinal: boolean
  readonly type: string
}

function verdictOn(word: string, { rule, isFinal, type }: Saying): 'granted' | 'denied' | 'silent' {
  const { effect, actions } = rule
  const isListed = actions.isAll || actions.words.has(word)
  if (effect === 'allow') return isListed ? 'granted' : isFinal ? 'denied' : 'silent'
  // To deny an action of a repository is to deny `*` as well, which a registry takes for every action.
  return isListed || (word === '*' && type !== 'registry') ? 'denied' : 'silent'
}
