// Loaded before a program (`node --import`): ends it with SIGKILL at one change of the files below a directory.
// The environment's KILL_AT_WRITE says which, as JSON of KillAtWrite. Every change is told on standard error.
import { type PathLike, promises, writeSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Where a process ends. */
export interface KillAtWrite {
  /** Absolute, without symbolic links. */
  readonly directory: string
  /** Which change, from 1; 0 for none. */
  readonly number: number
  /** `half`: in the middle of the text that is written. */
  readonly when: 'before' | 'half' | 'after'
}

const { directory, number: fatal, when }: KillAtWrite = JSON.parse(process.env['KILL_AT_WRITE'] ?? '{}')
const CHANGING = ['mkdir', 'rename', 'link', 'rm', 'unlink', 'writeFile', 'utimes', 'chmod'] as const
const CHANGING_HANDLE = ['sync', 'utimes', 'chmod', 'truncate', 'write', 'appendFile'] as const

type Call = (...args: readonly unknown[]) => Promise<unknown>

let count = 0

function kill(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {}) // nothing else happens in this process
}

async function change(what: string, run: () => Promise<unknown>, half?: () => Promise<unknown>) {
  count += 1
  const isFatal = count === fatal
  writeSync(2, `change ${count}: ${what}\n`)
  if (isFatal && when === 'before') return await kill()
  if (isFatal && when === 'half') {
    await half?.()
    return await kill()
  }
  return await run().finally(() => (isFatal ? kill() : undefined))
}

function isInside(path: unknown): boolean {
  return String(path) === directory || String(path).startsWith(`${directory}/`)
}

function wrap(owner: object, name: string, path?: PathLike): void {
  const original: Call = Reflect.get(owner, name)
  const call: Call = (...args) => {
    const target = path ?? args[0]
    return isInside(target)
      ? change(`${name} ${String(target)}`, () => original.apply(owner, [...args]))
      : original.apply(owner, [...args])
  }
  Reflect.set(owner, name, call)
}

function wrapHandle(handle: FileHandle, path: PathLike): FileHandle {
  for (const name of CHANGING_HANDLE) wrap(handle, name, path)
  const write = handle.writeFile.bind(handle)
  handle.writeFile = async (data, options) => {
    const bytes = Buffer.from(data as string)
    const half = () => write(bytes.subarray(0, bytes.length / 2))
    await change(`text ${String(path)}`, () => write(data, options), half)
  }
  return handle
}

for (const name of CHANGING) wrap(promises, name)
const { open } = promises
promises.open = async (path, flags, mode) => {
  if (!isInside(path)) return await open(path, flags, mode)
  const isChange = typeof flags === 'string' && flags !== 'r'
  const opened = () => open(path, flags, mode)
  const handle = isChange ? await change(`open ${String(path)}`, opened) : await opened()
  return wrapHandle(handle as FileHandle, path)
}
syncBuiltinESMExports()
