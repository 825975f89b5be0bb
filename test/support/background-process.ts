import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOptions } from './run-command.ts'
import type { Scope } from './scope.ts'
import { waitFor } from './wait-for.ts'

/** How long a process may take to end after TERM before it is killed. */
const STOP_MS = 20_000

/** A program that runs beside the test. */
export interface BackgroundProcess {
  readonly pid: number
  /** All that it wrote so far, standard output and error together. */
  readonly output: () => string
  /** The first value of `probe`, as `waitFor`; rejects with the output when the process ends or is not ready in time. */
  readonly ready: <T>(what: string, probe: () => T | Promise<T>) => Promise<Exclude<T, undefined | false>>
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  /** Sends a signal (TERM unless told) and resolves as `exited`; killed after 20 s. Harmless when it has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | NodeJS.Signals>
}

/**
 * Starts a program and stops it at teardown, or when the test's process dies without one (a time-out of tap).
 * A program that cannot be run ends at once with code 127 and says why in its output.
 */
export async function startProcess(
  t: Scope,
  command: readonly [string, ...string[]],
  options: Pick<CommandOptions, 'env' | 'cwd'> = {},
): Promise<BackgroundProcess> {
  const child = spawn('setpriv', ['--pdeathsig=TERM', ...command], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  await once(child, 'spawn')
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => stopChild(child, exited, signal)
  t.teardown(() => stop())
  const ready: BackgroundProcess['ready'] = async (what, probe) => {
    const ended = exited.then(result => Promise.reject(new Error(`it ended with ${result}`)))
    return Promise.race([waitFor(what, probe), ended]).catch(cause => {
      throw new Error(`${command.join(' ')}: ${what}\n${output}`, { cause })
    })
  }
  return { pid: child.pid ?? 0, output: () => output, ready, exited, stop }
}

async function stopChild<T>(child: ChildProcess, exited: Promise<T>, signal: NodeJS.Signals): Promise<T> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  const timer = new AbortController()
  const overdue = sleep(STOP_MS, undefined, { signal: timer.signal }).then(
    () => child.kill('SIGKILL'),
    () => {}, // it ended in time
  )
  const result = await exited
  timer.abort()
  await overdue
  return result
}
