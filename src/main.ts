#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { run } from './cli/program.ts'
import type { Terminal } from './cli/terminal.ts'

// http-proxy-3 reads it inside the request path and would switch to its broken fetch path.
delete process.env['FORCE_FETCH_PATH']

const terminal: Terminal = {
  env: process.env,
  version: packageVersion(),
  isTty: process.stderr.isTTY === true,
  print: text => process.stdout.write(text),
  complain: text => process.stderr.write(text),
  readPassword,
  onSignal: (names, handler) => {
    for (const name of names) process.on(name, handler)
  },
  exitNow: code => process.exit(code),
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return String(version)
}

async function readPassword(prompt: string): Promise<string> {
  const isTyped = process.stdin.isTTY === true
  if (isTyped) process.stderr.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isTyped })
  for await (const line of lines) {
    if (isTyped) process.stderr.write('\n')
    lines.close()
    return line
  }
  return ''
}

process.exit(await run(process.argv.slice(2), terminal))
