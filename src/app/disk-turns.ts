import { createTurns, type Turns } from '../content/turns.ts'

/** Of the four threads of the pool, which sign tokens and write the audit log as well, two may hang on a disk. */
const DISK = { max: 2, maxWaiting: 1_000, limitMs: 60_000 }

/** Turns on the disk of one store. */
export function createDiskTurns(): Turns {
  return createTurns(DISK)
}
