import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { AcmeFailed } from '../model/errors.ts'
import type { OrderRun } from './order-run.ts'
import { parseResource } from './resources.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { SignedAnswer } from './signed-requests.ts'

/** What is asked again and again. */
export interface Polled<S extends z.ZodType> {
  readonly url: string
  readonly schema: S
  /** For messages: `order of registry.example.com`. */
  readonly what: string
  readonly isDecided: (state: z.output<S>) => boolean
  /** An answer that shows the state already. */
  readonly first?: SignedAnswer
}

const FIRST_WAIT_MS = 250
const LONGEST_OWN_WAIT_MS = 5000
const SHORTEST_ASKED_WAIT_MS = 100
const LONGEST_ASKED_WAIT_MS = 60_000

/**
 * The state of something at the authority once it is decided, asked for as often as the authority wants.
 * @throws AcmeFailed of kind `server` when that takes longer than the run's patience.
 */
export async function poll<S extends z.ZodType>(run: OrderRun, polled: Polled<S>): Promise<z.output<S>> {
  const deadline = performance.now() + run.patienceMs
  let own = FIRST_WAIT_MS
  let answer = polled.first ?? (await run.requests.post(polled.url, null))
  for (;;) {
    const state = parseResource(polled.schema, answer.data, `${polled.what} at ${run.id}`)
    if (polled.isDecided(state)) return state
    const asked = parseRetryAfter(answer.headers['retry-after'], run.clock())
    const wait =
      asked === undefined ? own : Math.min(Math.max(asked, SHORTEST_ASKED_WAIT_MS), LONGEST_ASKED_WAIT_MS)
    if (performance.now() + wait > deadline) {
      const seconds = Math.round(run.patienceMs / 1000)
      throw new AcmeFailed('server', `${run.id} did not decide about the ${polled.what} within ${seconds} s`)
    }
    await pause(wait, run.signal)
    own = Math.min(own * 2, LONGEST_OWN_WAIT_MS)
    answer = await run.requests.post(polled.url, null)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    // What sleep throws says only that there was an abort, not why.
    signal.throwIfAborted()
  }
}
