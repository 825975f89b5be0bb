import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../model/ports.ts'
import { RegistryFailed } from './registry-errors.ts'

const POLL_MS = 50
const TERM_GRACE_MS = 5_000
const KILL_GRACE_MS = 2_000

/** Where a registry that we start is noted, so that the next start can end it if we are killed meanwhile. */
export interface RegistryNote {
  readonly pidFile: string
  /** Absolute path; its place on a command line tells our registry from any other process. */
  readonly configFile: string
}

/** Notes the registry `pid` that this process started. */
export async function noteRegistry({ pidFile }: RegistryNote, pid: number): Promise<void> {
  await writeFile(pidFile, `${JSON.stringify({ pid, parent: process.pid })}\n`, { mode: 0o600 })
}

/**
 * Ends a registry that an earlier process of ours left behind, after making sure that the noted process is one.
 * @throws RegistryFailed when the process that started it still lives, or the registry cannot be ended.
 */
export async function endOrphan(note: RegistryNote, log: Log): Promise<void> {
  const noted = await readNote(note.pidFile)
  if (noted === undefined) return
  const { pid, parent } = noted
  if (await isOurRegistry(pid, note.configFile)) {
    if ((await parentOf(pid)) === parent) {
      throw new RegistryFailed(
        `process ${parent} runs this registry already (process ${pid}, ${note.configFile})`,
      )
    }
    log.warn('ending a registry that an earlier run left behind', { pid })
    await endProcess(pid, note.configFile)
  }
  await rm(note.pidFile, { force: true })
}

async function endProcess(pid: number, configFile: string): Promise<void> {
  for (const [signal, graceMs] of [
    ['SIGTERM', TERM_GRACE_MS],
    ['SIGKILL', KILL_GRACE_MS],
  ] as const) {
    sendSignal(pid, signal)
    for (let waitedMs = 0; waitedMs < graceMs; waitedMs += POLL_MS) {
      if (!(await isOurRegistry(pid, configFile))) return
      await delay(POLL_MS)
    }
  }
  throw new RegistryFailed(`the registry that an earlier run left behind (process ${pid}) cannot be ended`)
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Without /proc nothing is known about a process, so nothing is ours. A zombie has no command line. */
async function isOurRegistry(pid: number, configFile: string): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return words.some((word, index) => word === 'serve' && words[index + 1] === configFile)
}

/** Field 4 of /proc/PID/stat; field 2, the name in parentheses, may hold anything (proc_pid_stat(5)). */
async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
  return parent === undefined ? undefined : Number(parent)
}

async function readNote(
  pidFile: string,
): Promise<{ readonly pid: number; readonly parent: number } | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '')
  try {
    const { pid, parent } = JSON.parse(text) as { readonly pid?: unknown; readonly parent?: unknown }
    const isNote = Number.isSafeInteger(pid) && Number.isSafeInteger(parent) && Number(pid) > 1
    return isNote ? { pid: Number(pid), parent: Number(parent) } : undefined
  } catch {
    // Absent, or torn by a crash: there is nothing to go by.
    return undefined
  }
}
