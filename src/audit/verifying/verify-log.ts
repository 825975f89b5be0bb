import { basename } from 'node:path'
import type { LineItem } from '../reading/split-lines.ts'
import type { CheckpointKeys } from './checkpoint-keys.ts'
import { createLogCheck, type LogCheck } from './log-check.ts'
import { type FoundHead, readLogHead } from './log-head.ts'
import { readLogLine, type StrangeLine } from './log-line.ts'
import { type OpenLogFile, openLog, type SkippedLogFile } from './open-log.ts'
import { orderFiles } from './order-files.ts'
import { readOpenFile } from './read-open-file.ts'
import type { Verification } from './verification.ts'

/** Which log to look at, and what to hold it against. */
export interface VerifyOptions {
  /** The active file of the log. */
  readonly file: string
  /** The head file; `undefined` to do without. */
  readonly head: string | undefined
  /** `undefined` to leave signatures aside. */
  readonly keys: CheckpointKeys | undefined
  /** Told how much of the log is read, in bytes of the files. */
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Checks the whole log as it is at this moment, also while the server writes on: numbers, chain, checkpoints, beginning
 * and end. Memory does not grow with the log. @throws the error of the file system.
 */
export async function verifyLog(options: VerifyOptions): Promise<Verification> {
  const { file, head: headFile, keys } = options
  // The head first: the log only grows, so it must reach it.
  const found: FoundHead = headFile === undefined ? { head: undefined } : await readLogHead(headFile, keys)
  const log = await openLog(file)
  try {
    const check = createLogCheck({ keys, ...found })
    const { files, skipped } = await orderFiles(log, file)
    const torn = await readAll(files, check, options)
    const result = check.end()
    const warnings = [
      ...result.warnings,
      ...warningsOf(found, result.lines),
      ...torn,
      ...skipped.map(warningOf),
    ]
    return { files: files.length, ...result, warnings }
  } finally {
    await log.close()
  }
}

/** Returns a warning when the last line is not whole. */
async function readAll(
  files: readonly OpenLogFile[],
  check: LogCheck,
  { file: active, onProgress }: VerifyOptions,
): Promise<readonly string[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  let torn: StrangeLine | undefined
  for (const file of files) {
    const name = basename(file.path)
    const onBytes = (bytes: number) => {
      done += bytes
      onProgress(done, total)
    }
    // Until it is told of a rotation the server goes on writing to a file that was renamed.
    const { size } = file.path === active ? file : await file.handle.stat()
    for await (const item of readOpenFile({ ...file, size }, onBytes)) {
      // Only the last line of all may be on its way to the disk.
      if (torn !== undefined) check.push(torn)
      torn = undefined
      if (item.kind === 'torn') torn = { ...strangeLine(item, name), reason: 'it has no end' }
      else pushAll(item, name, check)
    }
  }
  return torn === undefined
    ? []
    : [
        `${torn.place.file} ends in a part of a line (line ${torn.place.line}); the server cuts it off when it starts`,
      ]
}

function pushAll(item: Exclude<LineItem, { readonly kind: 'torn' }>, file: string, check: LogCheck): void {
  if (item.kind === 'fault') {
    check.push({ ...strangeLine(item, file), reason: item.reason })
    return
  }
  let { number: line } = item
  for (const bytes of item.lines) {
    check.push(readLogLine(bytes, { file, line }))
    line += 1
  }
}

function strangeLine({ number: line }: { readonly number: number }, file: string): StrangeLine {
  return { kind: 'strange', place: { file, line }, reason: '', hash: undefined }
}

function warningsOf({ warning }: FoundHead, lines: number): readonly string[] {
  return warning === undefined || lines === 0 ? [] : [warning]
}

function warningOf({ path, reason }: SkippedLogFile): string {
  return `${basename(path)} was left aside: it ${reason}`
}
