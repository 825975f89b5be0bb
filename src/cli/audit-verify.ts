import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type CheckpointKeys, createCheckpointKeys } from '../audit/verifying/checkpoint-keys.ts'
import type { Verification } from '../audit/verifying/verification.ts'
import { type VerifyOptions, verifyLog } from '../audit/verifying/verify-log.ts'
import { loadConfig } from '../config/load.ts'
import { AppError } from '../model/errors.ts'
import { isMissing } from '../model/is-missing.ts'
import { messageOf } from '../model/message-of.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import type { AuditPlaceOptions } from './audit-options.ts'
import { AuditUnreadable, activeFile } from './audit-place.ts'
import { complainOf } from './complain-of.ts'
import { configFile } from './default-config.ts'
import { EXIT } from './exit-code.ts'
import { formatVerification } from './format-verification.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

/** What to check, and against what. */
export interface VerifyRequest extends AuditPlaceOptions {
  /** Files with public keys; `false` leaves signatures aside. */
  readonly key?: readonly string[] | false
  /** The head file; `false` does without. */
  readonly head?: string | false
  /** Warnings count as faults. */
  readonly strict?: true
  readonly output: 'text' | 'json'
}

const UNPROVEN_END = 'nothing proves the end of the log: name the head file with --head, or say --no-head'

/** Checks that the log is whole. Exit 0 when it is, 1 when it is not. */
export async function auditVerify(asked: VerifyRequest, terminal: Terminal): Promise<number> {
  const bar = createProgressBar('reading the audit log', terminal)
  try {
    const { warnings, ...options } = await optionsOf(asked, terminal)
    const found = await verifyLog({ ...options, onProgress: bar.show }).finally(bar.end)
    if (found.files === 0)
      throw new AuditUnreadable(`there is no audit log at ${options.file}; name another with --file or -c`)
    const result = { ...found, warnings: [...found.warnings, ...warnings] }
    const isWhole = result.faultCount === 0 && (asked.strict !== true || result.warnings.length === 0)
    terminal.print(textOf(result, { file: options.file, isWhole, output: asked.output }))
    return isWhole ? EXIT.ok : EXIT.failed
  } catch (error) {
    return complainOf(readable(error), terminal)
  }
}

function textOf(
  result: Verification,
  {
    file,
    isWhole,
    output,
  }: { readonly file: string; readonly isWhole: boolean; readonly output: 'text' | 'json' },
): string {
  if (output === 'json') {
    const lines = JSON.stringify({ whole: isWhole, file, ...result }, null, 2).split('\n')
    return `${lines.map(escapeControls).join('\n')}\n`
  }
  return formatVerification(result, { file, isWhole })
}

type Sources = Omit<VerifyOptions, 'onProgress'> & { readonly warnings: readonly string[] }

/** A log that is named without a configuration is held against nothing that is not named too. */
async function optionsOf(asked: VerifyRequest, terminal: Terminal): Promise<Sources> {
  const file = await activeFile(asked, terminal)
  const state =
    asked.file === undefined || asked.config !== undefined ? await stateOf(asked, terminal) : undefined
  const head = asked.head ?? (state && join(state, 'head.json'))
  const keyFile = state && join(state, 'checkpoint-key.pub.pem')
  return {
    file,
    head: head === false || head === undefined ? undefined : resolve(head),
    keys: asked.key === false ? undefined : await readKeys(asked.key, keyFile),
    warnings: [
      ...(head === undefined ? [UNPROVEN_END] : []),
      ...(asked.key === false ? ['the signatures of the checkpoints were not looked at'] : []),
    ],
  }
}

/** Where the server keeps what proves the log. */
async function stateOf({ config }: VerifyRequest, terminal: Terminal): Promise<string> {
  const loaded = await loadConfig(configFile(config, terminal), terminal.env)
  return join(loaded.config.state_dir, 'audit')
}

/** Without a key in `otherwise` none is known; a log without a chain needs none. */
async function readKeys(
  named: readonly string[] | undefined,
  otherwise: string | undefined,
): Promise<CheckpointKeys> {
  if (named !== undefined) return createCheckpointKeys(await Promise.all(named.map(readKeyFile)))
  if (otherwise === undefined) return createCheckpointKeys([])
  try {
    return createCheckpointKeys([await readKeyFile(otherwise)])
  } catch (error) {
    if (isMissing(error)) return createCheckpointKeys([])
    throw error
  }
}

async function readKeyFile(file: string) {
  return { file, text: await readFile(file, 'utf8') }
}

/** What the file system says, or we of a file, is told in a sentence; mistakes of ours are other errors. */
function readable(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  if (!('code' in error) && error.name !== 'Error') return error
  return new AuditUnreadable(`the audit log cannot be verified: ${messageOf(error)}`, { cause: error })
}
