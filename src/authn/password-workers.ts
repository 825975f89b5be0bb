import { availableParallelism } from 'node:os'
import { AuthnUnavailable } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { normalizeBcryptHash } from './bcrypt-hash.ts'
import { createPasswordThread, type PasswordThread } from './password-thread.ts'

// The compiler rewrites the extension of imports, not of URLs.
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const SCRIPT = new URL(`./password-worker.${EXTENSION}`, import.meta.url)

const MAX_WORKERS = 4
const MAX_QUEUE = 128
/** docker login gives up after 15 s. */
const TIMEOUT_MS = 15_000
const RETRY_AFTER_SECONDS = 5

export interface PasswordWorkers {
  /**
   * Whether the password is the one of the bcrypt hash; `false` for a text that is no bcrypt hash.
   * @throws AuthnUnavailable when the queue is full, the check takes too long or its thread dies.
   */
  verify(hash: Secret, password: Secret): Promise<boolean>
  /** Ends the threads; everything waiting or under way fails. */
  close(): Promise<void>
  /** Checks that wait for a thread. */
  queued(): number
}

/**
 * A bounded pool of threads for bcrypt, which would freeze the event loop for up to seconds.
 * `timeoutMs` bounds the wait for a thread and, separately, the check itself.
 */
export function createPasswordWorkers(
  options: {
    /** Default: one less than the processors, 1 to 4. */
    readonly workers?: number
    readonly maxQueue?: number
    readonly timeoutMs?: number
    /** The thread's file, replaceable to test how its faults are met. */
    readonly script?: URL
  } = {},
): PasswordWorkers {
  const {
    workers = defaultWorkers(),
    maxQueue = MAX_QUEUE,
    timeoutMs = TIMEOUT_MS,
    script = SCRIPT,
  } = options
  const threads = Array.from({ length: workers }, () => createPasswordThread({ script, timeoutMs }))
  const idle = [...threads]
  const waiting = new Set<PromiseWithResolvers<PasswordThread>>()
  let closed = false

  async function acquire(): Promise<PasswordThread> {
    if (closed) throw stopping()
    const thread = idle.pop()
    if (thread !== undefined) return thread
    if (waiting.size >= maxQueue) throw overload()
    const turn = Promise.withResolvers<PasswordThread>()
    const timer = setTimeout(() => refuse(turn, overload()), timeoutMs)
    waiting.add(turn)
    try {
      return await turn.promise
    } finally {
      clearTimeout(timer)
    }
  }

  // Out of the queue first: a thread handed to a turn that was refused would be lost.
  function refuse(turn: PromiseWithResolvers<PasswordThread>, error: AuthnUnavailable): void {
    waiting.delete(turn)
    turn.reject(error)
  }

  function release(thread: PasswordThread): void {
    const [next] = waiting
    if (next === undefined) {
      idle.push(thread)
      return
    }
    waiting.delete(next)
    next.resolve(thread)
  }

  return {
    async verify(hash, password) {
      const normalized = normalizeBcryptHash(hash.reveal())
      if (normalized === undefined) return false
      const thread = await acquire()
      try {
        return await thread.check(new Secret(normalized), password)
      } finally {
        release(thread)
      }
    },
    async close() {
      closed = true
      for (const turn of waiting) refuse(turn, stopping())
      await Promise.all(threads.map(thread => thread.stop()))
    },
    queued: () => waiting.size,
  }
}

function defaultWorkers(): number {
  return Math.min(MAX_WORKERS, Math.max(1, availableParallelism() - 1))
}

function overload(): AuthnUnavailable {
  return new AuthnUnavailable('Too many logins at once', RETRY_AFTER_SECONDS, { isOverload: true })
}

function stopping(): AuthnUnavailable {
  return new AuthnUnavailable('Passwords are no longer checked, the server is stopping', RETRY_AFTER_SECONDS)
}
