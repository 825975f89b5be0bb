// The thread's own file, started by start-sinks-thread.ts only.
import { parentPort, workerData } from 'node:worker_threads'
import { openSinks, type Sinks } from '../../audit/sinks/open-sinks.ts'
import { type Channel, createChannel } from '../../threads/channel.ts'
import { createRemoteLog } from '../workers/remote-log.ts'
import { fromSent } from './sent-settings.ts'
import type { SinksCalls, SinksOwnerCalls, SinksSetup } from './sinks-calls.ts'

const REPORT_MS = 200

if (parentPort === null) throw new TypeError('the sinks are started as a thread')
const setup = workerData as SinksSetup
let sinks: Sinks | undefined
const report = () => {
  const reports = sinks?.reports() ?? []
  if (reports.length > 0) owner.tell('report', reports)
}
const answers: SinksCalls = {
  start: async () => {
    sinks = await openSinks({
      ...setup,
      sinks: setup.sinks.map(fromSent),
      log: createRemoteLog(owner),
      clock: Date.now,
    })
    report()
    setInterval(report, REPORT_MS)
  },
  wake: async () => sinks?.wake(),
  drain: async () => sinks?.drain(),
  stop: async () => {
    await sinks?.stop()
    report()
  },
}
const owner: Channel<SinksOwnerCalls> = createChannel<SinksOwnerCalls>(parentPort, { ...answers })
