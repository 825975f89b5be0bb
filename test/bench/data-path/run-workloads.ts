import { messageOf } from '../../../src/model/message-of.ts'
import { type MetricResult, runRounds } from './run-rounds.ts'
import type { Workload } from './workload.ts'

/** What `runWorkloads` goes by. */
export interface WorkloadsOrder<S> {
  readonly servers: readonly S[]
  readonly rounds: number
  /** Takes the workload of that name, or all that have the text in theirs. */
  readonly only: string
}

/** Figures of the workloads that could be run, and why the others could not. */
export interface WorkloadsResult {
  readonly results: readonly MetricResult[]
  readonly failures: readonly string[]
}

/** Runs the workloads one after the other and shows on standard error where it is. */
export async function runWorkloads<S extends { readonly name: string }>(
  workloads: readonly Workload<S>[],
  { servers, rounds, only }: WorkloadsOrder<S>,
): Promise<WorkloadsResult> {
  const results: MetricResult[] = []
  const failures: string[] = []
  for (const workload of chosen(workloads, only)) {
    try {
      results.push(...(await runRounds(workload, { servers, rounds, onRun: progress })))
    } catch (error) {
      // The others are worth something without it.
      failures.push(`${workload.name} failed: ${messageOf(error)}\n`)
      process.exitCode = 1
    }
  }
  progress('')
  return { results, failures }
}

function chosen<S extends { readonly name: string }>(
  workloads: readonly Workload<S>[],
  only: string,
): readonly Workload<S>[] {
  const named = workloads.filter(({ name }) => name === only)
  const found = named.length > 0 ? named : workloads.filter(({ name }) => name.includes(only))
  if (found.length > 0) return found
  throw new Error(`--only ${only} is none of: ${workloads.map(({ name }) => name).join('; ')}`)
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}
