import type { Log } from '../model/ports.ts'

/** One part of the shutdown. The signal aborts at the deadline: cut off what is still open. */
export type DrainStep = (deadline: AbortSignal) => void | Promise<void>

/** An ordered shutdown. */
export interface Drain {
  /** Adds a step after those added before. */
  add(name: string, step: DrainStep): void
  /** Runs the steps once; `true` when all of them finished in time. Never rejects; later calls share the result. */
  drain(): Promise<boolean>
}

export interface DrainOptions {
  /** For all steps together. */
  readonly timeoutMs: number
  readonly log: Log
  /** What every step that begins or is still running after the deadline gets, so that files are still flushed. */
  readonly graceMs?: number
}

const GRACE_MS = 1_000

/** A drain without steps. A step that fails or overruns is logged and does not keep the next ones from running. */
export function createDrain(options: DrainOptions): Drain {
  const steps: { readonly name: string; readonly step: DrainStep }[] = []
  let result: Promise<boolean> | undefined

  async function runAll(): Promise<boolean> {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), options.timeoutMs)
    let finished = true
    for (const { name, step } of steps) {
      if (!(await runStep(name, step, { ...options, deadline: deadline.signal }))) finished = false
    }
    clearTimeout(timer)
    return finished
  }
  return {
    add(name, step) {
      steps.push({ name, step })
    },
    drain() {
      result ??= runAll()
      return result
    },
  }
}

async function runStep(
  name: string,
  step: DrainStep,
  { log, deadline, graceMs = GRACE_MS }: DrainOptions & { readonly deadline: AbortSignal },
): Promise<boolean> {
  const late = waitAfter(deadline, graceMs)
  try {
    const work = Promise.resolve(step(deadline)).then(() => 'done' as const)
    if ((await Promise.race([work, late.elapsed])) === 'done') return true
    log.warn('shutdown step did not finish in time', { step: name })
  } catch (error) {
    log.error('shutdown step failed', { step: name, error })
  } finally {
    late.cancel()
  }
  return false
}

/** Elapses `ms` after the signal has aborted. */
function waitAfter(signal: AbortSignal, ms: number) {
  let timer: NodeJS.Timeout | undefined
  let start = () => {}
  const elapsed = new Promise<'late'>(resolve => {
    start = () => {
      timer = setTimeout(resolve, ms, 'late')
    }
  })
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    elapsed,
    cancel() {
      clearTimeout(timer)
      signal.removeEventListener('abort', start)
    },
  }
}
