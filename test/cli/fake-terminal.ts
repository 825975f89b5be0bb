import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'

/** How a command ended that ran in this process. */
export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface FakeTerminalOptions {
  readonly env?: Terminal['env']
  /** Width of the terminal that standard output is. */
  readonly columns?: number
  /** Standard error is a terminal. */
  readonly isTty?: boolean
  /** Passwords and answers that somebody types. */
  readonly typed?: readonly string[]
  /** Sent as soon as somebody waits for it. */
  readonly signal?: NodeJS.Signals
}

/** A terminal that keeps what is written. */
export function fakeTerminal({ env = {}, typed, signal, ...options }: FakeTerminalOptions = {}) {
  const written = { out: '', err: '' }
  const lines = [...(typed ?? [])]
  const read = async (prompt: string) => {
    written.err += prompt
    return lines.shift() ?? ''
  }
  const terminal: Terminal = {
    env,
    version: '1.2.3',
    isTty: options.isTty ?? false,
    columns: options.columns,
    isTyped: typed !== undefined,
    print: text => {
      written.out += text
    },
    write: async bytes => {
      written.out += bytes.toString()
      return true
    },
    complain: text => {
      written.err += text
    },
    readPassword: read,
    ask: read,
    onSignal: (names, handler) => {
      if (signal !== undefined && names.includes(signal)) handler(signal)
    },
    exitNow: exit => {
      throw new Error(`exit ${exit}`)
    },
  }
  return { terminal, written }
}

/** Runs one command line in this process. */
export async function runCli(args: readonly string[], options?: FakeTerminalOptions): Promise<Outcome> {
  const { terminal, written } = fakeTerminal(options)
  const code = await run(args, terminal)
  return { code, ...written }
}

/** A configuration file of this text, gone at teardown. */
export function writeConfigText(t: Scope, text: string): string {
  const file = join(tempDir(t), 'config.yml')
  writeFileSync(file, text)
  return file
}
