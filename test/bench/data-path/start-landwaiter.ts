import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from '../../support/background-process.ts'
import { writeConfig } from '../../support/landwaiter.ts'
import { openPorts } from '../../support/landwaiter-process.ts'
import type { Scope } from '../../support/scope.ts'
import type { Door } from './server.ts'

/** The compiled program, as production runs it. */
const MAIN = join(import.meta.dirname, '../../../dist/main.js')

/** A door of landwaiter, and what its process has written. */
export interface LandwaiterDoor extends Door {
  readonly output: () => string
}

/** How landwaiter is started. */
export interface LandwaiterSetting {
  /** Sections that replace or join the sample's. */
  readonly config: Readonly<Record<string, unknown>>
  /** Options for its Node. */
  readonly nodeOptions?: readonly string[]
}

/**
 * Starts landwaiter with the sample configuration, changed by `config`; stopped at teardown. The directory, which is
 * made, keeps its files. LANDWAITER_BENCH_NODE_OPTIONS goes to its Node as well, so that it can be profiled.
 */
export async function startLandwaiter(
  t: Scope,
  directory: string,
  { config, nodeOptions = [] }: LandwaiterSetting,
): Promise<LandwaiterDoor> {
  mkdirSync(directory, { recursive: true })
  const file = writeConfig(directory, config)
  const options = (process.env['LANDWAITER_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter(Boolean)
  const command = [process.execPath, ...options, ...nodeOptions, MAIN, 'serve', '-c', file] as const
  const landwaiter = await startProcess(t, command)
  const { https } = await landwaiter.ready('ready', () => openPorts(landwaiter.output()))
  return {
    url: `https://localhost:${https}`,
    port: https,
    pids: [landwaiter.pid],
    output: landwaiter.output,
  }
}
