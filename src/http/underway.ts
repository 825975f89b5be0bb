/** A set of what is under way, and the moment when all of it has ended. */
export interface Underway<T> {
  readonly items: ReadonlySet<T>
  add(item: T): void
  end(item: T): void
  /** Resolves when the set is empty, at once when it is. */
  empty(): Promise<void>
}

export function createUnderway<T>(): Underway<T> {
  const items = new Set<T>()
  const waiting: (() => void)[] = []
  return {
    items,
    add: item => {
      items.add(item)
    },
    end: item => {
      items.delete(item)
      if (items.size === 0) for (const resolve of waiting.splice(0)) resolve()
    },
    empty: () => (items.size === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
