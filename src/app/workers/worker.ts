import { Worker as Thread } from 'node:worker_threads'
import { type Channel, createChannel } from '../../threads/channel.ts'
import type { OwnerCalls, WorkerCalls, WorkerSetup } from './worker-calls.ts'

// The compiler rewrites the extension of imports, not of URLs.
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const SCRIPT = new URL(`./worker-thread.${EXTENSION}`, import.meta.url)

/** A running worker thread, as the owner sees it. */
export interface Worker {
  readonly channel: Channel<WorkerCalls>
  readonly isAlive: () => boolean
  /** Ends the thread, whatever it does. */
  end(): Promise<void>
}

/** Starts a thread. `onDeath` is called when it ends though nobody has ended it; no question is answered then. */
export function startWorker(
  setup: WorkerSetup,
  { answers, onDeath }: { readonly answers: OwnerCalls; readonly onDeath: (error: Error) => void },
): Worker {
  // Nothing of the process is inherited: no environment (it may hold secrets), no loader hooks.
  const thread = new Thread(SCRIPT, { workerData: setup, argv: [], env: {}, execArgv: [] })
  const channel = createChannel<WorkerCalls>(thread, { ...answers })
  let isAlive = true
  let isEnding = false
  let fault: Error | undefined
  thread.on('error', (error: Error) => {
    fault = error
  })
  thread.on('exit', code => {
    isAlive = false
    channel.close('the worker thread has ended')
    if (!isEnding) onDeath(fault ?? new Error(`the thread ended with code ${code}`))
  })
  return {
    channel,
    isAlive: () => isAlive,
    end: async () => {
      isEnding = true
      await thread.terminate()
    },
  }
}
