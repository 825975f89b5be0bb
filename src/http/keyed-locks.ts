import { OciError } from '../model/errors.ts'

/** One thing to hold: alone, or together with others that share it. */
export interface Claim {
  readonly key: string
  readonly mode: 'shared' | 'exclusive'
}

/** Locks by name, each served in the order of asking. They hold within this process only. */
export interface KeyedLocks {
  /**
   * Runs `work` while holding all claims, which must have different keys, and lets go of them however it ends.
   * @throws OciError UNAVAILABLE when a claim is not granted in time or too many wait, the signal's reason when it
   * aborts the waiting, and whatever `work` throws.
   */
  hold<T>(claims: readonly Claim[], signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Number of keys that are held or waited for. */
  size(): number
}

interface Waiter {
  readonly mode: Claim['mode']
  readonly grant: () => void
}

interface Lock {
  /** Number of holders; -1 for an exclusive one. */
  holders: number
  readonly waiting: Waiter[]
}

interface Table {
  readonly locks: Map<string, Lock>
  readonly maxWaiting: number
  waiting: number
}

const RETRY_SECONDS = 5

/** An empty table; `waitMs` is for all claims of one `hold` together, `maxWaiting` for all that wait at once. */
export function createKeyedLocks(options: {
  readonly waitMs: number
  readonly maxWaiting: number
}): KeyedLocks {
  const table: Table = { locks: new Map(), maxWaiting: options.maxWaiting, waiting: 0 }
  return {
    size: () => table.locks.size,
    hold: async (claims, signal, work) => {
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), options.waitMs)
      const releases: (() => void)[] = []
      try {
        const given = AbortSignal.any([signal, deadline.signal])
        await acquireAll(table, { claims, releases, signal: given })
        clearTimeout(timer)
        return await work()
      } catch (error) {
        throw deadline.signal.aborted && error === deadline.signal.reason ? busy() : error
      } finally {
        clearTimeout(timer)
        for (const release of releases) release()
      }
    },
  }
}

/** In the order of their keys, so that two that want the same never wait for each other. */
async function acquireAll(
  table: Table,
  wanted: {
    readonly claims: readonly Claim[]
    readonly releases: (() => void)[]
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { claims, releases, signal } = wanted
  for (const claim of claims.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    releases.push(await acquire(table, claim, signal))
  }
}

async function acquire(table: Table, { key, mode }: Claim, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted()
  const lock = table.locks.get(key) ?? { holders: 0, waiting: [] }
  table.locks.set(key, lock)
  if (lock.waiting.length === 0 && isFree(lock, mode)) take(lock, mode)
  else await wait(table, { key, lock, mode, signal })
  return () => {
    lock.holders = mode === 'exclusive' ? 0 : lock.holders - 1
    grantNext(table, key, lock)
  }
}

function wait(
  table: Table,
  turn: {
    readonly key: string
    readonly lock: Lock
    readonly mode: Claim['mode']
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { key, lock, mode, signal } = turn
  if (table.waiting >= table.maxWaiting) return Promise.reject(busy())
  return new Promise((resolve, reject) => {
    const stopWaiting = () => {
      table.waiting -= 1
      signal.removeEventListener('abort', onAbort)
    }
    const onAbort = () => {
      stopWaiting()
      lock.waiting.splice(lock.waiting.indexOf(waiter), 1)
      // Behind one that wanted to be alone others may share.
      grantNext(table, key, lock)
      reject(signal.reason)
    }
    const grant = () => {
      stopWaiting()
      resolve()
    }
    const waiter: Waiter = { mode, grant }
    table.waiting += 1
    lock.waiting.push(waiter)
    signal.addEventListener('abort', onAbort)
  })
}

function grantNext(table: Table, key: string, lock: Lock): void {
  for (let next = lock.waiting[0]; next !== undefined && isFree(lock, next.mode); next = lock.waiting[0]) {
    lock.waiting.shift()
    take(lock, next.mode)
    next.grant()
  }
  if (lock.holders === 0 && lock.waiting.length === 0) table.locks.delete(key)
}

function isFree({ holders }: Lock, mode: Claim['mode']): boolean {
  return mode === 'exclusive' ? holders === 0 : holders >= 0
}

function take(lock: Lock, mode: Claim['mode']): void {
  lock.holders = mode === 'exclusive' ? -1 : lock.holders + 1
}

function busy(): OciError {
  return new OciError(
    'UNAVAILABLE',
    'other changes of this tag or manifest take too long, try again shortly',
    {
      headers: { 'retry-after': String(RETRY_SECONDS) },
    },
  )
}
