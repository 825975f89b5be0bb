import { join } from 'node:path'
import { type CommandOptions, type CommandResult, runCommand } from '../support/run-command.ts'

/** Path of the program as the checkout runs it. */
export const MAIN = join(import.meta.dirname, '../../src/main.ts')

// What the machine's own environment says must not decide a test.
const CLEAN = { LANDWAITER_CONFIG: undefined, LANDWAITER_STATE_DIR: undefined, REGISTRY_DOMAIN: undefined }

/** Runs `landwaiter ARGS` as a process of its own. */
export function landwaiter(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand(process.execPath, [MAIN, ...args], { ...options, env: { ...CLEAN, ...options.env } })
}
