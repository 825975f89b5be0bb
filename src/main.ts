#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EXIT } from './cli/exit-code.ts'
import { run } from './cli/program.ts'
import { readAnswer } from './cli/read-answer.ts'
import { readPassword } from './cli/read-password.ts'
import type { Terminal } from './cli/terminal.ts'
import { holdYoungGeneration } from './cli/young-generation.ts'

// http-proxy-3 reads it inside the request path and would switch to its broken fetch path.
delete process.env['FORCE_FETCH_PATH']

holdYoungGeneration()

let printFault: NodeJS.ErrnoException | undefined
process.stdout.on('error', error => {
  printFault = error
})
process.stderr.on('error', () => {
  // Nobody reads the log any more, which must not end the server.
})

const terminal: Terminal = {
  env: process.env,
  version: packageVersion(),
  isTty: process.stderr.isTTY === true,
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  isTyped: process.stdin.isTTY === true,
  print: text => process.stdout.write(text),
  write: bytes =>
    new Promise(resolve => {
      process.stdout.write(bytes, error => resolve(error === undefined || error === null))
    }),
  complain: text => process.stderr.write(text),
  readPassword: prompt => readPassword(prompt, { input: process.stdin, output: process.stderr }),
  ask: question => readAnswer(question, { input: process.stdin, output: process.stderr }),
  onSignal: (names, handler) => {
    for (const name of names) process.on(name, handler)
  },
  exitNow: code => process.exit(code),
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String(version)
}

const code = await run(process.argv.slice(2), terminal)
await nextTurn() // a failed write is told of after it
// Like every tool, silent when its reader has seen enough (`landwaiter ca | head -1`).
if (printFault === undefined || printFault.code === 'EPIPE') process.exit(code)
terminal.complain(`error: standard output cannot be written (${printFault.code})\n`)
process.exit(EXIT.failed)
