import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { CertificateFileError } from './certificate-file-error.ts'

/** Far above any bundle: a certificate with its chain and key is under 20 KiB. */
const MAX_BYTES = 1 << 20

/**
 * Text and permission bits of a file; `undefined` when there is none.
 * @throws CertificateFileError when it is no regular file or larger than 1 MiB, or what open(2) says.
 */
export async function readRegularFile(
  path: string,
): Promise<{ readonly text: string; readonly mode: number } | undefined> {
  let file: FileHandle
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new CertificateFileError(path, 'is not a regular file')
    if (status.size > MAX_BYTES) throw new CertificateFileError(path, 'is larger than 1 MiB')
    return { text: await file.readFile('utf8'), mode: status.mode & 0o777 }
  } finally {
    await file.close()
  }
}
