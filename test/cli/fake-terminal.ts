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
  /** Passwords that somebody types. */
  readonly typed?: readonly string[]
  /** Sent as soon as somebody waits for it. */
  readonly signal?: NodeJS.Signals
}

/** A terminal that keeps what is written. */
export function fakeTerminal({ env = {}, typed, signal }: FakeTerminalOptions = {}) {
  const written = { out: '', err: '' }
  const passwords = [...(typed ?? [])]
  const terminal: Terminal = {
    env,
    version: '1.2.3',
    isTty: false,
    isTyped: typed !== undefined,
    print: text => {
      written.out += text
    },
    complain: text => {
      written.err += text
    },
    readPassword: async prompt => {
      written.err += prompt
      return passwords.shift() ?? ''
    },
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
