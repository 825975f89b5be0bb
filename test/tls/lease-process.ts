// Takes a lock again and again: `lease-process.ts LOCKS_DIRECTORY LOG_FILE ROUNDS HOLD_MS`. Each round appends to the log
// when it begins and when it ends, in one write each, so that the log shows overlaps.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LeaseTimes, withLease } from '../../src/tls/lease.ts'
import { memoryLog } from './support.ts'

const [, , directory = '', file = '', rounds = '1', holdMs = '0', times = ''] = process.argv
const lease = {
  directory,
  log: memoryLog(),
  ...(times === '' ? {} : { times: JSON.parse(times) as LeaseTimes }),
}
const { signal } = new AbortController()
for (let round = 0; round < Number(rounds); round += 1) {
  await withLease(
    lease,
    async () => {
      appendFileSync(file, `begin ${process.pid}\n`)
      await sleep(Number(holdMs))
      appendFileSync(file, `end ${process.pid}\n`)
    },
    signal,
  )
}
