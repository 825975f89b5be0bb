import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

const CONFIG = join(import.meta.dirname, '../../config')

/** Path of a file below `config/`. */
export function shippedPath(name: string): string {
  return join(CONFIG, name)
}

/** A copy of a file below `config/`, every text that is a key replaced by its value. Throws for one that is not there. */
export function shippedFile(t: Scope, name: string, changes: Readonly<Record<string, string>>): string {
  const path = join(tempDir(t), basename(name))
  const text = Object.entries(changes).reduce(
    (changed, [from, to]) => {
      if (!changed.includes(from)) throw new Error(`${name} does not have ${from}`)
      return changed.replaceAll(from, to)
    },
    readFileSync(shippedPath(name), 'utf8'),
  )
  writeFileSync(path, text, { mode: 0o644 })
  return path
}
