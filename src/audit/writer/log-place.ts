import { readdir, rename, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock, Log } from '../../model/ports.ts'
import { type LineFile, openLineFile } from './line-file.ts'
import { rotatedName } from './rotated-name.ts'

const RETRY_MS = 60_000

/** When the log goes on in a new file. */
export interface RotationSettings {
  /** Bytes; 0 for never. */
  readonly maxSize: number
  /** With the first line of a day, UTC. */
  readonly isDaily: boolean
}

export interface PlaceOptions {
  readonly file: string
  /** Of new files. */
  readonly mode: number
  readonly rotation: RotationSettings
  readonly log: Log
  readonly clock: Clock
}

/** Where the log is written: the open file and what becomes of it. */
export interface LogPlace {
  readonly target: () => LineFile
  /** Whether `bytes` more belong into a new file. */
  isRotationDue(bytes: number): boolean
  /** Gives the file its final name and begins a new one; the name, or `undefined` when that was not possible. */
  rotate(): Promise<string | undefined>
  /**
   * Follows the name when somebody else has renamed the file: `undefined` when it still leads to the open one.
   * `file` is the name it has now, if it is in the same directory. @throws AuditUnwritable, keeping the old one.
   */
  reopen(): Promise<{ readonly file: string | undefined } | undefined>
}

/** @throws AuditUnwritable */
export async function openLogPlace(options: PlaceOptions): Promise<LogPlace> {
  const { file, rotation, log, clock } = options
  let target = await openLineFile(file, options)
  let day = dayOf(lastTime(target) ?? clock())
  let retryAt = 0
  const open = async () => {
    const next = await openLineFile(file, options)
    await target.close()
    target = next
    day = dayOf(clock())
  }
  return {
    target: () => target,
    isRotationDue: bytes => {
      if (!target.isRegular || target.size() === 0 || clock() < retryAt) return false
      const isFull = rotation.maxSize > 0 && target.size() + bytes > rotation.maxSize
      return isFull || (rotation.isDaily && dayOf(clock()) !== day)
    },
    rotate: async () => {
      try {
        const renamed = await freeName(file, clock())
        await rename(file, renamed)
        await open()
        return basename(renamed)
      } catch (error) {
        retryAt = clock() + RETRY_MS
        log.error('the audit log cannot be rotated; it goes on in the same file', { file, error })
        return undefined
      }
    },
    reopen: async () => {
      if (await target.isAt(file)) return undefined
      const renamed = await nameOf(await target.inode(), dirname(file))
      await open()
      return { file: renamed }
    },
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** Ms since the epoch of the last line. */
function lastTime({ tail }: LineFile): number | undefined {
  const time = /^\{"v":1,"time":"([^"]+)"/.exec(tail.at(-1) ?? '')?.[1]
  const at = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(at) ? undefined : at
}

/** Two rotations within a millisecond must not overwrite each other. */
async function freeName(file: string, at: number): Promise<string> {
  for (let later = at; ; later += 1) {
    const name = rotatedName(file, later)
    if (!(await exists(name)) && !(await exists(`${name}.gz`))) return name
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function nameOf(inode: number, directory: string): Promise<string | undefined> {
  for (const name of await readdir(directory)) {
    const found = await stat(join(directory, name)).catch(() => undefined)
    if (found?.ino === inode) return name
  }
  return undefined
}
