import { createLineSplitter } from '../../../src/audit/reading/split-lines.ts'
import { createCheckpointKeys } from '../../../src/audit/verifying/checkpoint-keys.ts'
import { createLogCheck } from '../../../src/audit/verifying/log-check.ts'
import { readLogLine } from '../../../src/audit/verifying/log-line.ts'
import type { Verification } from '../../../src/audit/verifying/verification.ts'
import type { ChainedLog } from '../../support/chained-log.ts'

export type FileTexts = ReadonlyMap<string, Buffer>

export interface HoldAgainst {
  /** Text of the head file; none when absent. */
  readonly head?: string | undefined
  /** PEM public keys; signatures are left aside when absent. */
  readonly keys?: readonly string[]
}

/** The bytes of each file. */
export function textsOf({ files }: Pick<ChainedLog, 'files'>): Map<string, Buffer> {
  return new Map(
    [...files].map(([name, lines]) => [name, Buffer.from(lines.map(line => `${line}\n`).join(''))]),
  )
}

/** What the check says of files in this order. */
export function checkFiles(files: FileTexts, { head, keys }: HoldAgainst = {}): Omit<Verification, 'files'> {
  const check = createLogCheck({
    keys:
      keys === undefined ? undefined : createCheckpointKeys(keys.map(text => ({ file: 'key.pem', text }))),
    head: head === undefined ? undefined : { isSigned: true, ...JSON.parse(head) },
  })
  for (const [file, bytes] of files) {
    const splitter = createLineSplitter()
    const end = bytes.length > 0 && bytes.at(-1) !== 0x0a ? Buffer.from('\n') : Buffer.alloc(0)
    for (const item of [...splitter.push(bytes), ...splitter.push(end)]) {
      if (item.kind !== 'lines') throw new Error(`${item.kind} in ${file}`)
      let line = item.number
      for (const text of item.lines) {
        check.push(readLogLine(text, { file, line }))
        line += 1
      }
    }
  }
  return check.end()
}
