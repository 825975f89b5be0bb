import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createFile } from '../files/atomic-file.ts'
import { Secret } from '../model/secret.ts'

const SECRET_BYTES = 32

/**
 * The registry's `http.secret`, 64 hex digits: the one in `file`, else a new one that is stored there (0600).
 * Rejects with the file system's error.
 */
export async function loadRegistrySecret(file: string): Promise<Secret> {
  const stored = await read(file)
  if (stored !== undefined) return stored
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await createFile({ path: file, text: `${randomBytes(SECRET_BYTES).toString('hex')}\n`, mode: 0o600 })
  const written = await read(file)
  if (written === undefined) throw new Error(`${file} holds no secret; remove it to have a new one made`)
  return written
}

async function read(file: string): Promise<Secret | undefined> {
  try {
    const text = (await readFile(file, 'utf8')).trim()
    return text === '' ? undefined : new Secret(text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
