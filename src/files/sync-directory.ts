import { open } from 'node:fs/promises'

/** Brings the names in a directory to the disk: without it a power cut may undo a rename or a link of before. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
