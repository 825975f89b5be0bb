import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { messageOf } from '../model/message-of.ts'
import type { ProgramResult } from '../model/program.ts'

const MAX_OUTPUT_BYTES = 64 * 1024
/** Of what the program says about a fault, enough for the log. */
const MAX_COMPLAINT_BYTES = 512
/** For what is left in the pipes, and for a killed process to be gone. */
const GRACE_MS = 500

/** A program as it is started: no shell, no environment but `env`. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  /** Whether the standard output is wanted; more than 64 KiB of it is a fault then. */
  readonly output: 'read' | 'ignored'
}

/** One run of a program. */
export interface ChildRun {
  /** Never rejects; when it resolves the program and all its children are gone. */
  readonly result: Promise<ProgramResult>
  /** Ends the program and its children; the result is `failed` with this reason, if it has none yet. */
  fail(reason: string): void
}

/** Starts a program in a process group of its own, with `input` as its standard input. Never throws. */
export function startChild(program: Program, input: string): ChildRun {
  try {
    return watch(spawnGroup(program), { program, input })
  } catch (error) {
    const reason = `it cannot be started: ${messageOf(error)}`
    return { result: Promise.resolve({ outcome: 'failed', reason }), fail: () => {} }
  }
}

function spawnGroup({ file, args, env, output }: Program): ChildProcess {
  return spawn(file, args, {
    env,
    detached: true,
    stdio: ['pipe', output === 'read' ? 'pipe' : 'ignore', 'pipe'],
  })
}

function watch(
  child: ChildProcess,
  { program, input }: { readonly program: Program; readonly input: string },
): ChildRun {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>()
  let fault: string | undefined
  const stdout = gather(child.stdout, MAX_OUTPUT_BYTES, () =>
    fail(`it wrote more than ${MAX_OUTPUT_BYTES} bytes`),
  )
  const stderr = gather(child.stderr, MAX_COMPLAINT_BYTES)
  const timer = setTimeout(() => fail(`it did not end within ${program.timeoutMs} ms`), program.timeoutMs)

  function resultOf(code: number | null, signal: NodeJS.Signals | null): ProgramResult {
    if (fault !== undefined) return { outcome: 'failed', reason: fault }
    if (code === null) return { outcome: 'failed', reason: `it was killed by ${signal}` }
    return { outcome: 'exited', code, stdout: stdout(), stderr: stderr() }
  }

  function settle(code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(timer)
    resolve(resultOf(code, signal))
  }

  // A child that left the group may hold our pipes open, so that they never end by themselves.
  function endPipesSoon(): void {
    const grace = setTimeout(() => {
      for (const pipe of child.stdio) pipe?.destroy()
    }, GRACE_MS)
    child.once('close', () => clearTimeout(grace))
  }

  function fail(reason: string): void {
    fault ??= reason
    if (child.exitCode === null && child.signalCode === null) killGroup(child)
  }

  child.stdin?.on('error', () => {
    // The program ended without reading; its exit code says what that means.
  })
  child.once('error', error => {
    fault ??= `it cannot be started: ${error.message}`
    settle(null, null)
  })
  child.once('exit', () => {
    killGroup(child)
    endPipesSoon()
  })
  child.once('close', settle)
  child.stdin?.end(input)
  return { result: promise, fail }
}

/** The text so far, up to `limit` bytes; what comes beyond is read and dropped, after `onExcess`. */
function gather(stream: Readable | null, limit: number, onExcess?: () => void): () => string {
  const chunks: Buffer[] = []
  let room = limit
  stream?.on('data', (chunk: Buffer) => {
    if (chunk.length > room) onExcess?.()
    if (room > 0) chunks.push(chunk.subarray(0, room))
    room = Math.max(0, room - chunk.length)
  })
  stream?.on('error', () => {
    // The pipe is destroyed with the program.
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in the group.
  }
}
