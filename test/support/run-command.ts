import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const TIMEOUT_MS = 60_000
/** What timeout(1) answers. */
const TIMED_OUT = 124

/** How a command ended. `code` is 124 after a timeout and 128 + n after signal n, as in a shell. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `env` is added to the environment of the test; an undefined value removes a variable. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly input?: string | Buffer
  readonly timeoutMs?: number
}

/** `runCommand`, or something that enters a namespace before it. */
export type Run = (file: string, args: readonly string[], options?: CommandOptions) => Promise<CommandResult>

/**
 * Runs a program to its end, without a terminal and without a shell, its output captured.
 * Rejects only when it cannot be started. At the timeout (60 s unless told) it is killed with all its children.
 */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A session of its own: no controlling terminal to ask for a password on, and one group to kill.
    detached: true,
  })
  const output = { stdout: '', stderr: '' }
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, options.timeoutMs ?? TIMEOUT_MS)
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  // A program that ends without reading its input.
  child.stdin.on('error', () => {}).end(options.input)
  child.once('error', error => {
    clearTimeout(timer)
    reject(error)
  })
  child.once('close', (code, signal) => {
    clearTimeout(timer)
    resolve({ ...output, code: timedOut ? TIMED_OUT : (code ?? signalCode(signal)) })
  })
  return promise
}

function signalCode(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal])
}
