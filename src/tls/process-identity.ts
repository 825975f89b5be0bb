import { readFile, readlink } from 'node:fs/promises'

/** One process of one machine, told apart from a later one with the same id. */
export interface ProcessIdentity {
  /** Where `pid` means something: the machine since its last boot, and the pid namespace of a container. */
  readonly space: string
  readonly pid: number
  /** Start of the process in clock ticks since the boot. */
  readonly started: string
}

let own: Promise<ProcessIdentity | undefined> | undefined

/** This process; `undefined` where there is no Linux /proc. */
export function ownIdentity(): Promise<ProcessIdentity | undefined> {
  own ??= readOwnIdentity().catch(() => undefined)
  return own
}

/** Whether that process has certainly ended; `false` when it cannot be known from here. */
export async function hasEnded(other: ProcessIdentity): Promise<boolean> {
  const here = await ownIdentity()
  if (here === undefined || here.space !== other.space) return false
  try {
    // Asked first, as /proc may hide the processes of other users.
    process.kill(other.pid, 0)
    return (await startOf(other.pid)) !== other.started
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function readOwnIdentity(): Promise<ProcessIdentity> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const namespace = await readlink('/proc/self/ns/pid')
  return { space: `${boot} ${namespace}`, pid: process.pid, started: await startOf(process.pid) }
}

/** Field 22 of proc(5) stat; the second field is a name that may hold spaces and brackets. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended; only its parent has not asked yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '')
}
