/** How one sink waits. */
export interface Waiting {
  /** Until `wake`, at once when it was called since the last wait, or until the time is over. */
  forWork(ms: number): Promise<void>
  /** Until `interrupt`, or until the time is over. */
  forTime(ms: number): Promise<void>
  wake(): void
  /** Ends every wait, and the next one. */
  interrupt(): void
}

export function createWaiting(): Waiting {
  let isAwake = false
  let isInterrupted = false
  let end: { readonly resolve: () => void; readonly isForWork: boolean } | undefined
  const wait = async (ms: number, isForWork: boolean): Promise<void> => {
    if (isInterrupted || (isForWork && isAwake)) {
      isInterrupted = false
      isAwake = false
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    end = { resolve, isForWork }
    const timer = setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
    end = undefined
    if (isForWork) isAwake = false
    isInterrupted = false
  }
  return {
    forWork: ms => wait(ms, true),
    forTime: ms => wait(ms, false),
    wake: () => {
      isAwake = true
      if (end?.isForWork === true) end.resolve()
    },
    interrupt: () => {
      isInterrupted = true
      end?.resolve()
    },
  }
}
