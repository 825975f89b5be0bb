import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/**
 * For `node --import`: on USR2 the process writes how late its event loop was at most since the last time, in ms, to
 * standard error. What is measured are the gaps between ticks that should be 1 ms apart, so that is the least.
 */
if (isMainThread) {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  process.on('SIGUSR2', () => {
    process.stderr.write(`largest delay: ${delays.max / 1e6} ms\n`)
    delays.reset()
  })
}
