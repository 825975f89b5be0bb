import { constants, type FileHandle, open } from 'node:fs/promises'

/**
 * A file of the log, open for reading. One that is no regular file is refused, and a pipe does not make us wait.
 * @throws the error of the file system.
 */
export async function openAuditFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await handle.stat()
  if (stats.isFile()) return handle
  await handle.close()
  throw new Error(`${path} is no regular file`)
}
