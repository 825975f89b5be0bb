import { Worker } from 'node:worker_threads'
import { AuthnUnavailable } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'

const RETRY_AFTER_SECONDS = 2
/** A thread holds on to 12 MiB; logins come in bursts. */
const IDLE_MS = 10_000
/** bcrypt allocates little. */
const HEAP = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 }

/** One thread that checks one password at a time. */
export interface PasswordThread {
  /** @throws AuthnUnavailable when the thread dies, exceeds the time or has been stopped. */
  check(hash: Secret, password: Secret): Promise<boolean>
  /** Ends the thread; a check under way fails. */
  stop(): Promise<void>
}

/**
 * A thread that starts with its first check, and again after it has died or has ended for want of checks.
 * It keeps the process alive only during a check. `timeoutMs` bounds one check.
 */
export function createPasswordThread(options: {
  readonly script: URL
  readonly timeoutMs: number
  readonly idleMs?: number
}): PasswordThread {
  const { idleMs = IDLE_MS } = options
  let thread: Worker | undefined
  let pending: PromiseWithResolvers<boolean> | undefined
  let stopped = false
  let idle: NodeJS.Timeout | undefined

  function start(): Worker {
    // Nothing of the process is inherited: no environment (it may hold secrets), no loader hooks.
    const started = new Worker(options.script, { argv: [], env: {}, execArgv: [], resourceLimits: HEAP })
    let fault: Error | undefined
    started.on('message', (matches: boolean) => {
      if (thread === started) pending?.resolve(matches)
    })
    started.on('error', (error: Error) => {
      fault = error
    })
    started.on('exit', code => {
      if (thread === started) void abandon(fault ?? new Error(`the thread ended with code ${code}`))
    })
    return started
  }

  async function abandon(reason: Error): Promise<void> {
    const abandoned = thread
    thread = undefined
    pending?.reject(reason)
    await abandoned?.terminate()
  }

  async function check(hash: Secret, password: Secret): Promise<boolean> {
    const answer = Promise.withResolvers<boolean>()
    pending = answer
    clearTimeout(idle)
    const late = () => abandon(new Error(`no answer within ${options.timeoutMs} ms`))
    const timer = setTimeout(() => void late(), options.timeoutMs)
    try {
      if (stopped) throw new Error('the thread has been stopped')
      thread ??= start()
      thread.ref()
      thread.postMessage({ hash: hash.reveal(), password: password.reveal() })
      return await answer.promise
    } catch (cause) {
      throw new AuthnUnavailable('Passwords cannot be checked just now', RETRY_AFTER_SECONDS, { cause })
    } finally {
      clearTimeout(timer)
      thread?.unref()
      pending = undefined
      idle = setTimeout(() => void abandon(new Error('nobody logs in')), idleMs).unref()
    }
  }

  return {
    check,
    async stop() {
      stopped = true
      clearTimeout(idle)
      await abandon(new Error('the thread has been stopped'))
    },
  }
}
