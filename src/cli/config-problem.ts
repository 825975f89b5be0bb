import { formatIssue } from '../config/format-issue.ts'
import type { LoadedConfig } from '../config/load.ts'
import { AppError, ConfigError, type ConfigIssue } from '../model/errors.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Prints an error in words and gives its exit code; errors that are not ours are thrown on. */
export function complainOf(error: unknown, terminal: Terminal): number {
  if (error instanceof ConfigError) {
    for (const issue of error.issues) terminal.complain(`${formatIssue(issue)}\n`)
    terminal.complain(`${error.message}; nothing was started\n`)
    return EXIT.config
  }
  if (error instanceof AppError) {
    terminal.complain(`error: ${error.message}\n`)
    return EXIT.failed
  }
  throw error
}

/** Keys whose value is the path of a key or certificate file. */
const FILE_KEYS = [
  ['tls', 'certificate'],
  ['tls', 'key'],
  ['token', 'certificate'],
  ['token', 'key'],
] as const

/**
 * An unusable key or certificate file as a fault of the configuration, at the place that names the file; any other
 * error as it is.
 */
export function atConfigPlace(error: unknown, file: string, loaded: LoadedConfig): unknown {
  if (!(error instanceof AppError) || !('file' in error)) return error
  const { tls, token } = loaded.config
  const values = { tls: tls.mode === 'files' ? tls : {}, token }
  const found = FILE_KEYS.find(
    ([section, key]) => (values[section] as Readonly<Record<string, unknown>>)[key] === error.file,
  )
  if (found === undefined) return error
  const issue: ConfigIssue = { file, ...loaded.locate(found), path: found.join('.'), message: error.message }
  return new ConfigError([issue])
}
