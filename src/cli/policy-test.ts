import { loadConfig } from '../config/load.ts'
import { parsePolicyTests } from '../config/policy-test-file.ts'
import { readFailure, readText } from '../config/read-text.ts'
import { ConfigError } from '../model/errors.ts'
import { runPolicyTests } from '../policy/policy-test.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Runs a file of policy tests; prints each that fails as FILE:line:col, then the count. Exit 0 or 1, 3 for a faulty file. */
export async function policyTest(
  { file, config }: { readonly file: string; readonly config: string },
  terminal: Terminal,
): Promise<number> {
  try {
    const loaded = await loadConfig(config, terminal.env)
    const { users, token, tls } = loaded.config
    const acceptsCertificates = tls.client_auth !== undefined
    const defaults = { file, users, acceptsCertificates, service: token.service ?? '', now: Date.now() }
    const results = runPolicyTests(loaded.policy, parsePolicyTests(await readTests(file), defaults))
    const failed = results.filter(({ fault }) => fault !== undefined)
    for (const { test, fault } of failed) terminal.print(`${file}:${test.line}:${test.column}: ${fault}\n`)
    terminal.print(`${results.length - failed.length} passed, ${failed.length} failed\n`)
    return failed.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(error, terminal)
  }
}

async function readTests(file: string): Promise<string> {
  try {
    return await readText(file)
  } catch (error) {
    const message = `cannot read the tests: ${readFailure(error)}`
    throw new ConfigError([{ file, line: 0, column: 0, path: '', message }])
  }
}
