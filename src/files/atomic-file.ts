import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from './sync-directory.ts'

/** What to write: the path, the whole content and the permission bits. */
export interface FileContent {
  readonly path: string
  readonly text: string
  readonly mode: number
}

/** Replaces the file, or makes it: after a crash it holds the old or the new content, whole. */
export async function replaceFile(content: FileContent): Promise<void> {
  const temporary = await writeTemporary(content)
  try {
    await rename(temporary, content.path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(content.path))
}

/** Makes the file unless it exists; `false` when another process was first. Readers never see it half written. */
export async function createFile(content: FileContent): Promise<boolean> {
  const temporary = await writeTemporary(content)
  try {
    // link(2) fails when the name is taken, which rename(2) does not.
    await link(temporary, content.path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(content.path))
  return true
}

async function writeTemporary({ path, text, mode }: FileContent): Promise<string> {
  const suffix = randomBytes(6).toString('hex')
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`)
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return temporary
}
