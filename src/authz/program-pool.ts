import type { ProgramResult, RunProgram } from '../model/program.ts'
import { type ChildRun, type Program, startChild } from './child-program.ts'
import { findProgram } from './find-program.ts'
import { programEnvironment } from './program-environment.ts'
import { createSlots } from './slots.ts'

const MAX_QUEUE = 128
const STOPPING = 'the server is stopping'

/** Runs of one program, a bounded number at a time. */
export interface ProgramPool {
  readonly run: RunProgram
  /** Ends all runs, which then have failed; resolves when no process is left. */
  close(): Promise<void>
}

/** A program as the configuration has it. */
export interface ProgramSettings {
  readonly command: string
  readonly args: readonly string[]
  /** Of one run, and of the wait for its turn. */
  readonly timeout_ms: number
  readonly max_concurrency: number
  /** Names of variables that it sees beside the usual ones. */
  readonly env: readonly string[]
}

/**
 * A pool that starts a process for every run, without a shell and nearly without an environment. Beyond
 * `max_concurrency` runs wait; beyond 128 waiting ones they fail.
 * @throws ExternalFileError when there is no such program.
 */
export async function openProgramPool(
  settings: ProgramSettings,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly output: Program['output']
  },
): Promise<ProgramPool> {
  const env = programEnvironment(options.env, settings.env)
  const program: Program = {
    file: await findProgram(settings.command, env['PATH'] ?? ''),
    args: settings.args,
    env,
    timeoutMs: settings.timeout_ms,
    output: options.output,
  }
  const runs = new Set<ChildRun>()
  let closed = false
  const slots = createSlots({
    max: settings.max_concurrency,
    maxQueue: MAX_QUEUE,
    waitMs: settings.timeout_ms,
  })

  async function run(input: string): Promise<ProgramResult> {
    const entered = await slots.enter()
    if (closed) return { outcome: 'failed', reason: STOPPING }
    if (!entered) return { outcome: 'failed', reason: 'too many runs at once', isOverload: true }
    const started = startChild(program, input)
    runs.add(started)
    try {
      return await started.result
    } finally {
      runs.delete(started)
      slots.leave()
    }
  }

  return {
    run,
    async close() {
      closed = true
      slots.close()
      for (const started of runs) started.fail(STOPPING)
      await Promise.all(Array.from(runs, ({ result }) => result))
    },
  }
}
