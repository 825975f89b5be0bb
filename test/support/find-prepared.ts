import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Path of a program that test/prepare.sh unpacked into `folder` of its cache, else of the PATH. Throws when there is none. */
export function findPrepared(program: string, folder: string): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const found = findOnPath(program, [join(cache, 'landwaiter', folder, 'usr/bin')])
  if (found === undefined) throw new Error(`no ${program}: run \`sh test/prepare.sh\``)
  return found
}

/** Path of a program in one of the directories, else on the PATH. */
export function findOnPath(program: string, directories: readonly string[]): string | undefined {
  return [...directories, ...(process.env['PATH'] ?? '').split(delimiter)]
    .map(directory => join(directory, program))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
