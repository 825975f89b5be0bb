import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

/** Absolute path of a new empty directory, short enough for Unix sockets; removed with all it holds at teardown. */
export function tempDir(t: Scope): string {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), 'lw-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))
  return dir
}
