import { LRUCache } from 'lru-cache'
import type { Question } from '../model/decision.ts'
import type { Clock } from '../model/ports.ts'
import type { Authorizer, Verdict } from './authorizer.ts'

const MAX_ENTRIES = 20_000
/** Of all questions together, in characters. */
const MAX_SIZE = 16 * 1024 * 1024

/**
 * `authorizer`, asked once for the same question in `ttlMs`; what it could not tell is not remembered. A question
 * under way is joined.
 */
export function rememberVerdicts(
  authorizer: Authorizer,
  options: { readonly clock: Clock; readonly ttlMs: number },
): Authorizer {
  const known = new LRUCache<string, Promise<Verdict>>({
    max: MAX_ENTRIES,
    maxSize: MAX_SIZE,
    sizeCalculation: (_verdict, key) => key.length,
    ttl: options.ttlMs,
    ttlResolution: 0,
    perf: { now: options.clock },
  })

  function authorize(question: Question): Promise<Verdict> {
    const key = keyOf(question)
    const found = known.get(key)
    if (found !== undefined) return found
    const asked = authorizer.authorize(question)
    known.set(key, asked)
    asked.catch(() => {
      if (known.peek(key) === asked) known.delete(key)
    })
    return asked
  }

  return { name: authorizer.name, authorize, close: () => authorizer.close() }
}

/** All of a question but its moment. */
function keyOf({ now: _, ...question }: Question): string {
  return JSON.stringify(question)
}
