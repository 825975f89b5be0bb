import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

/** `false`, or why `smallDisk` cannot work here: only root may mount, and not in every container. For tap's `skip`. */
export function cannotMount(): string | false {
  const directory = mkdtempSync(join(tmpdir(), 'lw-disk-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]).status === 0
  if (isMounted) execFileSync('umount', [directory])
  rmdirSync(directory)
  return isMounted ? false : 'needs the right to mount a small file system'
}

/** Directory that is a file system of its own, with room for `kib` KiB; unmounted after the test. */
export function smallDisk(t: Scope, kib: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'lw-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', directory])
  t.teardown(() => {
    execFileSync('umount', ['--lazy', directory])
    rmdirSync(directory)
  })
  return directory
}

/** Makes the file system of `smallDisk` read-only. */
export function makeReadOnly(directory: string): void {
  execFileSync('mount', ['-o', 'remount,ro', directory])
}
