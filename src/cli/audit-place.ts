import { resolve } from 'node:path'
import {
  type AuditFile,
  type AuditListing,
  listAuditFiles,
  type SkippedFile,
} from '../audit/reading/list-audit-files.ts'
import { loadConfig } from '../config/load.ts'
import { AppError } from '../model/errors.ts'
import { isMissing } from '../model/is-missing.ts'
import { messageOf } from '../model/message-of.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import type { AuditPlaceOptions } from './audit-options.ts'
import { configFile } from './default-config.ts'
import type { Terminal } from './terminal.ts'

/** There is no log to read at the place that was named. */
export class AuditUnreadable extends AppError {
  readonly code = 'AUDIT_UNREADABLE'
}

/** The log that a command reads. */
export interface AuditPlace {
  /** Absolute path of the active file. */
  readonly active: string
  /** Oldest first. */
  readonly files: readonly AuditFile[]
}

/**
 * The log that the options name: `--file`, else that of the configuration. Files that have the name of one but are none
 * are told of on standard error.
 * @throws AuditUnreadable, ConfigError.
 */
export async function findAuditLog(options: AuditPlaceOptions, terminal: Terminal): Promise<AuditPlace> {
  const active = await activeFile(options, terminal)
  const { files, skipped } = await listFiles(active)
  if (files.length === 0) throw noLog(active, skipped[0])
  for (const { path, reason } of skipped) {
    terminal.complain(`warning: ${escapeControls(`${path} ${reason}`)}; it is left out\n`)
  }
  return { active, files }
}

/** Absolute path of the active file that the options name. @throws AuditUnreadable, ConfigError. */
export async function activeFile({ config, file }: AuditPlaceOptions, terminal: Terminal): Promise<string> {
  if (file !== undefined) return resolve(file)
  const loaded = await loadConfig(configFile(config, terminal), terminal.env)
  const named = loaded.config.audit.file
  if (named !== '-') return resolve(named)
  throw new AuditUnreadable(
    'audit.file is "-", so the lines went to standard output; give the file that keeps them with --file',
  )
}

async function listFiles(active: string): Promise<AuditListing> {
  try {
    return await listAuditFiles(active)
  } catch (error) {
    if (isMissing(error)) throw noLog(active, undefined)
    throw new AuditUnreadable(`the audit log cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function noLog(active: string, skipped: SkippedFile | undefined) {
  if (skipped === undefined) {
    return new AuditUnreadable(`there is no audit log at ${active}; name another with --file or -c`)
  }
  return new AuditUnreadable(`${skipped.path} ${skipped.reason}; name another with --file or -c`)
}
