import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { RegistryFailed } from './registry-errors.ts'

const NAME = 'registry.sock'
/** `sun_path` of Linux is 108 bytes with its NUL, of the BSDs 104. */
const PATH_LIMIT = 103

/**
 * Path for the registry's Unix socket: in `dir`, or, when that path would be too long for a socket, in a folder of
 * ours under the system's temporary folder whose name follows from `dir`. The folder exists afterwards, mode 0700.
 * @throws RegistryFailed when the folder belongs to someone else.
 */
export async function prepareRegistrySocket(dir: string, temporary = tmpdir()): Promise<string> {
  const wanted = resolve(dir)
  const fits = Buffer.byteLength(join(wanted, NAME)) <= PATH_LIMIT
  const folder = fits ? wanted : join(temporary, `landwaiter-${shortHash(wanted)}`)
  const path = join(folder, NAME)
  if (Buffer.byteLength(path) > PATH_LIMIT) {
    throw new RegistryFailed(`neither ${wanted} nor ${temporary} is short enough for a Unix socket`)
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await requireOwnFolder(folder)
  await chmod(folder, 0o700)
  return path
}

/** Anyone can have made a folder under the temporary one, or a link in its place. */
async function requireOwnFolder(folder: string): Promise<void> {
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid) {
    throw new RegistryFailed(`${folder} is not a folder of ours, so the registry's socket cannot be there`)
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
