import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Path of a new executable file with this text in a directory of its own; `dir` is what `$DIR` in it stands for. */
export function writeProgram(t: Test, text: string): { readonly path: string; readonly dir: string } {
  const dir = mkdtempSync(join(realpathSync(tmpdir()), 'lw-program-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'program.sh')
  writeFileSync(path, text.replaceAll('$DIR', dir), { mode: 0o755 })
  return { path, dir }
}

/** Lines that a program has written to a file so far; none while there is no file. */
export function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

/** Whether a process of this id is there and no zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
