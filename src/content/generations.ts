/** Tells whether what was learnt about a repository still holds, with bounded memory. */
export interface Generations {
  /** To be noted before the registry is asked; what it then says belongs to this moment. */
  now(): number
  /** Whether nothing was written to the repository since `moment`, nor is being written. */
  isCurrent(repository: string, moment: number): boolean
  /** Nothing learnt so far about the repository holds any more. */
  forget(repository: string): void
  forgetAll(): void
  /** As `forget`; until the returned function is called nothing new is believed either. */
  open(repository: string): () => void
}

const MAX_REPOSITORIES = 10_000

/** Generations in which nothing has been forgotten; of more than `maxRepositories` written ones the oldest are taken as one. */
export function createGenerations(maxRepositories = MAX_REPOSITORIES): Generations {
  const forgotten = new Map<string, number>()
  const writes = new Map<string, number>()
  let moment = 0
  /** For every repository that is not in the table. */
  let floor = 0
  const forget = (repository: string) => {
    moment += 1
    // A known key would keep its place, and the oldest are dropped first.
    forgotten.delete(repository)
    forgotten.set(repository, moment)
    if (forgotten.size > maxRepositories) floor = dropOldest(forgotten)
  }
  const close = (repository: string) => {
    const open = (writes.get(repository) ?? 1) - 1
    if (open === 0) writes.delete(repository)
    else writes.set(repository, open)
  }
  return {
    now: () => moment,
    isCurrent: (repository, since) =>
      since >= (forgotten.get(repository) ?? floor) && !(writes.size > 0 && writes.has(repository)),
    forget,
    forgetAll: () => {
      moment += 1
      floor = moment
      forgotten.clear()
    },
    open: repository => {
      forget(repository)
      writes.set(repository, (writes.get(repository) ?? 0) + 1)
      return () => close(repository)
    },
  }
}

/** Returns the moment of what was dropped, which is later than those of all dropped before. */
function dropOldest(forgotten: Map<string, number>): number {
  const [oldest] = forgotten
  if (oldest === undefined) return 0
  forgotten.delete(oldest[0])
  return oldest[1]
}
