import { formatIssue } from '../config/format-issue.ts'
import { AppError, ConfigError, type ConfigIssue } from '../model/errors.ts'
import { DEFAULT_CONFIG } from './default-config.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

const WHERE_TO_BEGIN =
  "name another with -c FILE or LANDWAITER_CONFIG; docker_auth's auth_config.yml will do, config/example.yml shows the rest"

/** Prints an error in words and gives its exit code; errors that are not ours are thrown on. */
export function complainOf(error: unknown, terminal: Terminal): number {
  if (error instanceof ConfigError) {
    for (const issue of error.issues) terminal.complain(`${formatIssue(withAdvice(issue))}\n`)
    if (error.issues.length > 1) terminal.complain(`${error.message}\n`)
    return EXIT.config
  }
  if (error instanceof AppError) {
    terminal.complain(`error: ${error.message}\n`)
    return EXIT.failed
  }
  throw error
}

/** Who has no file at the default place has most likely just begun. */
function withAdvice(issue: ConfigIssue): ConfigIssue {
  const isUnread = issue.line === 0 && issue.file === DEFAULT_CONFIG
  return isUnread ? { ...issue, hint: WHERE_TO_BEGIN } : issue
}
