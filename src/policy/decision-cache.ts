import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Rule } from './rule.ts'

/** Decisions of one policy, kept for the questions that come again. */
export interface DecisionCache {
  /** The decision kept for the same question of the subject with this plan, else the one that `make` makes. */
  readonly get: (
    ask: { readonly planId: number; readonly question: Question },
    make: () => Decision,
  ) => Decision
}

const MAX_DECISIONS = 10_000
const MAX_KEY_LENGTH = 1_024
const MINUTE_MS = 60_000

/** An empty cache. Of address, user agent and time a question's key holds only what some rule looks at. */
export function createDecisionCache(rules: readonly Rule[]): DecisionCache {
  const decisions = new LRUCache<string, Decision>(atMost(MAX_DECISIONS))
  const has = (name: string) =>
    rules.some(({ conditions }) => conditions.some(condition => condition.name === name))
  const reads = { ip: has('ip'), clients: has('clients') }
  const epochOf = epochs(rules)
  return {
    get: ({ planId, question }, make) => {
      const { access, service, tag, clientIp, userAgent, now } = question
      const { type, name, actions } = access
      const ip = reads.ip ? clientIp : undefined
      const client = reads.clients ? userAgent : undefined
      const key = keyOf(`${planId}/${epochOf(now)}`, [type, name, service, tag, ip, client, ...actions])
      const known = decisions.get(key)
      if (known !== undefined) return known
      const decision = make()
      if (key.length <= MAX_KEY_LENGTH) decisions.set(key, decision)
      return decision
    },
  }
}

/** No two lists make the same key, whatever characters a client puts into a name: all lengths come before the texts. */
function keyOf(start: string, parts: readonly (string | undefined)[]): string {
  let lengths = start
  let texts = ''
  for (const part of parts) {
    lengths += part === undefined ? ',-' : `,${part.length}`
    if (part !== undefined) texts += part
  }
  return `${lengths}:${texts}`
}

/** A name for the span of time around a moment in which no rule begins or ends to apply. */
function epochs(rules: readonly Rule[]): (now: number) => string {
  const ends = rules.flatMap(({ end }) => (end === undefined ? [] : [end])).sort((a, b) => a - b)
  const hasHours = rules.some(rule => rule.hasHours)
  if (ends.length === 0 && !hasHours) return () => ''
  return now => `${hasHours ? Math.floor(now / MINUTE_MS) : ''}/${passed(ends, now)}`
}

/** How many of the sorted ends are over. */
function passed(ends: readonly number[], now: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) <= now) low = middle + 1
    else high = middle
  }
  return low
}
