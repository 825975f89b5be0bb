import { access, type FileHandle, link, open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Terminal } from './terminal.ts'

/** Who may read the log may read the copy, nobody else. */
const FILE_MODE = 0o600

class ExportFailed extends AppError {
  readonly code = 'EXPORT_FAILED'
}

/** Where an export goes. */
export interface ExportTarget {
  /** Writes all of it; false when the reader has seen enough. @throws ExportFailed */
  readonly write: (text: Buffer) => Promise<boolean>
  /** Ends the output; a file gets its name now. @throws ExportFailed */
  readonly finish: () => Promise<void>
  /** Takes away what was written of a file. */
  readonly abandon: () => Promise<void>
}

/**
 * Standard output, or a file that gets its name when it is whole; an existing one is never replaced.
 * @throws ExportFailed
 */
export async function openExportTarget(to: string | undefined, terminal: Terminal): Promise<ExportTarget> {
  if (to === undefined) return { write: terminal.write, finish: async () => {}, abandon: async () => {} }
  const file = resolve(to)
  const part = `${file}.part`
  if (await exists(file)) throw new ExportFailed(`${file} exists; remove it or name another with --to`)
  const handle = await create(part)
  return {
    write: async text => {
      await handle.appendFile(text).catch(cause => fail(file, cause))
      return true
    },
    finish: async () => {
      await handle.sync().catch(cause => fail(file, cause))
      await handle.close()
      await link(part, file).catch(cause => fail(file, cause))
      await rm(part)
    },
    abandon: async () => {
      await handle.close()
      await rm(part, { force: true })
    },
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

function create(part: string): Promise<FileHandle> {
  return open(part, 'wx', FILE_MODE).catch(cause => {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (!isThere) return fail(part, cause)
    throw new ExportFailed(
      `${part} is left of an export that was interrupted, or is being written; remove it`,
    )
  })
}

function fail(file: string, cause: unknown): never {
  throw new ExportFailed(`${file} cannot be written: ${messageOf(cause)}`, { cause })
}
