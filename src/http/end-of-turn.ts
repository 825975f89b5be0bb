let end: Promise<void> | undefined

/**
 * Resolves when the event loop has read what was there to read. Who answers only then answers together with all the
 * other requests of this turn: clients are woken once for many answers, which costs the system more than we do.
 */
export function endOfTurn(): Promise<void> {
  end ??= new Promise(resolve => {
    setImmediate(() => {
      end = undefined
      resolve()
    })
  })
  return end
}
