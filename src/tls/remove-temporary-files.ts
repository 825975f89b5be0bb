import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Log } from '../model/ports.ts'

const TEMPORARY = /^\..+\.[0-9a-f]{12}\.tmp$/
// Far longer than a write takes, so that none of another process is hit.
const LIFETIME_MS = 3_600_000

/** Removes, at every depth, temporary files of atomic-file.ts that a process left behind when it was killed. */
export async function removeTemporaryFiles(
  directory: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  for (const entry of entries) {
    if (!entry.isFile() || !TEMPORARY.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    try {
      if ((await stat(path)).mtimeMs + LIFETIME_MS < clock()) await rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      log.warn('temporary file of the certificate storage cannot be removed', { file: path, error })
    }
  }
}
