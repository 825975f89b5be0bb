import { readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { AppendAudit, Clock, Log } from '../../model/ports.ts'
import { describeLogEvent } from '../describe-log-event.ts'
import { type AuditFile, listAuditFiles } from '../reading/list-audit-files.ts'
import { compressFile } from './compress-file.ts'
import { isRotatedName } from './rotated-name.ts'

const HOURLY_MS = 3_600_000

/** What becomes of files that are no longer written. */
export interface KeepFilesOptions {
  readonly file: string
  readonly isCompressed: boolean
  /** Files beside the active one; 0 for all. */
  readonly maxFiles: number
  /** Since its last line, ms; 0 for ever. */
  readonly maxAgeMs: number
  /** First line that somebody has not read yet: its file and later ones stay. */
  readonly neededFrom: () => number | undefined
  readonly append: AppendAudit
  /** True when lines are written; nothing is removed while they are not. */
  readonly isWell: () => boolean
  readonly log: Log
  readonly clock: Clock
  readonly newId: () => string
}

/** Compresses rotated files and removes old ones, one at a time, in the background. */
export interface FileKeeping {
  /** Looks soon; calls while it works are one. */
  look(): void
  /** Ends what is under way; a half compressed file is compressed anew after the next start. */
  close(): Promise<void>
}

export function keepFiles(options: KeepFilesOptions): FileKeeping {
  const stopped = new AbortController()
  let running: Promise<void> | undefined
  let isAskedAgain = false
  const work = async () => {
    do {
      isAskedAgain = false
      await compressAll(options, stopped.signal)
      await prune(options, stopped.signal)
    } while (isAskedAgain && !stopped.signal.aborted)
  }
  const look = () => {
    isAskedAgain = true
    if (stopped.signal.aborted) return
    running ??= work()
      .catch(error => {
        if (!stopped.signal.aborted) options.log.error('old audit files cannot be tidied', { error })
      })
      .finally(() => {
        running = undefined
      })
  }
  const timer = setInterval(look, HOURLY_MS).unref()
  return {
    look,
    close: async () => {
      clearInterval(timer)
      stopped.abort()
      await running
    },
  }
}

async function compressAll({ file, isCompressed }: KeepFilesOptions, signal: AbortSignal): Promise<void> {
  if (!isCompressed) return
  const names = await readdir(dirname(file))
  for (const name of names.filter(name => isRotatedName(file, name)).sort()) {
    if (signal.aborted) return
    const path = join(dirname(file), name)
    // A crash behind the compression leaves both.
    if (names.includes(`${name}.gz`)) await rm(path)
    else await compressFile(path, signal)
  }
}

async function prune(options: KeepFilesOptions, signal: AbortSignal): Promise<void> {
  const { file, maxFiles, maxAgeMs, clock } = options
  if (maxFiles === 0 && maxAgeMs === 0) return
  const { files } = await listAuditFiles(file)
  for (const [index, old] of files.entries()) {
    const next = files[index + 1]
    if (next === undefined || signal.aborted || !options.isWell()) return
    const beside = files.length - 1 - index
    const isTooMany = maxFiles > 0 && beside > maxFiles
    const isTooOld = maxAgeMs > 0 && clock() - (await endOf(old, next)) > maxAgeMs
    if (!isTooMany && !isTooOld) return
    const toSeq = (next.firstSeq ?? 0) - 1
    if ((options.neededFrom() ?? Number.POSITIVE_INFINITY) <= toSeq) return
    await remove(options, old, toSeq)
  }
}

async function remove(options: KeepFilesOptions, old: AuditFile, toSeq: number): Promise<void> {
  const { append, clock, newId, log } = options
  const file = basename(old.path).replace(/\.gz$/, '')
  const numbers = old.firstSeq === undefined ? {} : { from_seq: old.firstSeq, to_seq: toSeq }
  // First of all: a file must not be gone without a line that says so.
  await append(describeLogEvent('audit.prune', { at: clock(), id: newId(), file, ...numbers }))
  await rm(old.path)
  log.info('removed an old file of the audit log', { file: old.path })
}

/** When the last line of `old` was written, ms since the epoch: just before the next file began. */
async function endOf(old: AuditFile, next: AuditFile): Promise<number> {
  return next.firstTime === undefined ? (await stat(old.path)).mtimeMs : Date.parse(next.firstTime)
}
