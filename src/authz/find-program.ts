import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { ExternalFileError } from './external-file-error.ts'

/**
 * The absolute path of a command: one with a slash is a path, any other a name on the `searchPath`, of which
 * only absolute directories count.
 * @throws ExternalFileError when there is no such program.
 */
export async function findProgram(command: string, searchPath: string): Promise<string> {
  if (command.includes('/')) {
    const path = resolve(command)
    if (await isProgram(path)) return path
    throw new ExternalFileError(command, 'no such program, or it is not executable')
  }
  for (const directory of searchPath.split(delimiter).filter(isAbsolute)) {
    const path = join(directory, command)
    if (await isProgram(path)) return path
  }
  throw new ExternalFileError(command, 'no such program on the PATH')
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    // Not there, or not ours to run.
    return false
  }
}
