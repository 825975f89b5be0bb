import { chmod, mkdir, stat } from 'node:fs/promises'
import type { Log } from '../model/ports.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { readRegularFile } from './read-regular-file.ts'

const OTHERS = 0o077

/** Makes the directory, for its owner only; one that is open to others is restricted, with a warning. */
export async function ensurePrivateDirectory(path: string, log: Log): Promise<void> {
  await makeDirectory(path)
  const status = await stat(path)
  if (!status.isDirectory()) throw new CertificateFileError(path, 'is not a directory')
  const { mode } = status
  if ((mode & OTHERS) !== 0) await restrict(path, { log, from: mode, to: 0o700 })
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT') throw error
    // Only now, as this answers ENOENT for every reason, even on a read-only disk.
    await mkdir(path, { recursive: true, mode: 0o700 })
  }
}

/**
 * Text of a file that holds a secret; `undefined` when there is none. One that is open to others is restricted, with a
 * warning. @throws CertificateFileError when it is no regular file or larger than 1 MiB, or what open(2) says.
 */
export async function readPrivateFile(path: string, log: Log): Promise<string | undefined> {
  const file = await readRegularFile(path)
  if (file === undefined) return undefined
  if ((file.mode & OTHERS) !== 0) await restrict(path, { log, from: file.mode, to: 0o600 })
  return file.text
}

async function restrict(
  path: string,
  { log, from, to }: { readonly log: Log; readonly from: number; readonly to: number },
): Promise<void> {
  const fields = { file: path, mode: (from & 0o777).toString(8) }
  try {
    await chmod(path, to)
    log.warn('certificate storage was open to other users and is now restricted', fields)
  } catch (error) {
    log.warn('certificate storage is open to other users and cannot be restricted', { ...fields, error })
  }
}
