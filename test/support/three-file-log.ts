import { type ChainedLog, createChainedLog } from './chained-log.ts'

/**
 * Lines 1 to 10 in the file `first`, 11 to 21 in `second`, and 22 to 37 in the active one without 27 to 31, which a gap
 * declares; each file ends in a checkpoint.
 */
export function threeFileLog(first: string, second: string): ChainedLog {
  const log = createChainedLog()
  log.pulls(9)
  log.checkpoint()
  log.rotate(first)
  log.pulls(9)
  log.checkpoint()
  log.rotate(second)
  log.pulls(4)
  log.gap(5)
  log.pulls(4)
  log.checkpoint()
  return log
}
