/** A bound on what runs at the same time; what comes on top waits in a bounded queue. */
export interface Slots {
  /** Resolves to `true` with a slot of the caller's; to `false` when the queue is full, slow or closed. */
  enter(): Promise<boolean>
  /** Gives a slot back. */
  leave(): void
  /** Turns everyone away who waits or comes later. */
  close(): void
}

/** `waitMs` bounds the time in the queue. */
export function createSlots(options: {
  readonly max: number
  readonly maxQueue: number
  readonly waitMs: number
}): Slots {
  const waiting = new Set<(entered: boolean) => void>()
  let free = options.max
  let closed = false

  function wait(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const answer = (entered: boolean) => {
      clearTimeout(timer)
      waiting.delete(answer)
      resolve(entered)
    }
    const timer = setTimeout(() => answer(false), options.waitMs)
    waiting.add(answer)
    return promise
  }

  return {
    async enter() {
      if (closed || (free === 0 && waiting.size >= options.maxQueue)) return false
      if (free === 0) return await wait()
      free -= 1
      return true
    },
    leave() {
      const [next] = waiting
      if (next === undefined) free += 1
      else next(true)
    },
    close() {
      closed = true
      for (const answer of waiting) answer(false)
    },
  }
}
