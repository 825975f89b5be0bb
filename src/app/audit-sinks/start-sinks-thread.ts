import { Worker as Thread } from 'node:worker_threads'
import { type Channel, createChannel } from '../../threads/channel.ts'
import type { SinksCalls, SinksOwnerCalls, SinksSetup } from './sinks-calls.ts'

// The compiler rewrites the extension of imports, not of URLs.
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const SCRIPT = new URL(`./sinks-thread.${EXTENSION}`, import.meta.url)

/** The running thread. */
export interface SinksThread {
  readonly channel: Channel<SinksCalls>
  /** Ends the thread, whatever it does. */
  end(): Promise<void>
}

/** Starts the thread. `onDeath` is called when it ends though nobody has ended it. */
export function startSinksThread(
  setup: SinksSetup,
  { answers, onDeath }: { readonly answers: SinksOwnerCalls; readonly onDeath: (error: Error) => void },
): SinksThread {
  // Nothing of the process is inherited: neither secrets nor proxies of its environment.
  const thread = new Thread(SCRIPT, { workerData: setup, argv: [], env: {}, execArgv: [] })
  const channel = createChannel<SinksCalls>(thread, { ...answers })
  let isEnding = false
  let fault: Error | undefined
  thread.on('error', (error: Error) => {
    fault = error
  })
  thread.on('exit', code => {
    channel.close('the thread of the audit sinks has ended')
    if (!isEnding) onDeath(fault ?? new Error(`the thread ended with code ${code}`))
  })
  return {
    channel,
    end: async () => {
      isEnding = true
      await thread.terminate()
    },
  }
}
