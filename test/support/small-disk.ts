import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
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

/** Takes all the room that is left on the file system of `directory`; returns how to give it back. */
export function fillDisk(directory: string): () => void {
  const filler = join(directory, 'filler')
  const fd = openSync(filler, 'w')
  try {
    for (const chunk of [Buffer.alloc(256 * 1024), Buffer.alloc(4096)]) writeUntilFull(fd, chunk)
  } finally {
    closeSync(fd)
  }
  return () => rmSync(filler)
}

function writeUntilFull(fd: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(fd, chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
