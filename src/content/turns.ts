/** A bound on what runs at the same time. */
export interface Turns {
  /**
   * The result of `work`, which runs when it is its turn. A result that comes too late goes to `late`.
   * @throws TurnMissed when the time is up, waiting and working together, or too many wait already; whatever `work`
   *   throws.
   */
  run<T>(work: () => Promise<T>, late?: (result: T) => void): Promise<T>
}

/** What was asked of a disk did not happen in time. */
export class TurnMissed extends Error {
  override readonly name = 'TurnMissed'
}

export interface TurnsOptions {
  readonly max: number
  readonly maxWaiting: number
  readonly limitMs: number
}

/**
 * Keeps work that cannot be cancelled from taking every thread of the pool: on a disk that hangs, `max` of them do.
 */
export function createTurns({ max, maxWaiting, limitMs }: TurnsOptions): Turns {
  const waiting = new Set<() => void>()
  let free = max

  const leave = () => {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }
  const enter = (start: () => void) => {
    if (free === 0) waiting.add(start)
    else {
      free -= 1
      start()
    }
  }
  const run = <T>(work: () => Promise<T>, late?: (result: T) => void): Promise<T> => {
    if (free === 0 && waiting.size >= maxWaiting)
      return Promise.reject(new TurnMissed('too many wait for the disk'))
    return new Promise((resolve, reject) => {
      let isLate = false
      const start = () =>
        void work()
          .then(result => (isLate ? late?.(result) : resolve(result)), reject)
          .finally(() => {
            clearTimeout(timer)
            leave()
          })
      const timer = setTimeout(() => {
        isLate = true
        waiting.delete(start)
        reject(new TurnMissed(`the disk did not answer within ${limitMs} ms`))
      }, limitMs)
      enter(start)
    })
  }
  return { run }
}
