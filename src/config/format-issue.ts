import type { ConfigIssue } from '../model/errors.ts'
import type { Severity } from './fault.ts'

/** One line for a terminal: `FILE:line:col: error: acl.3.match: unknown key "acount"; did you mean "account"?` */
export function formatIssue(issue: ConfigIssue, severity: Severity = 'error'): string {
  const place = issue.line > 0 ? `${issue.file}:${issue.line}:${issue.column}` : issue.file
  const path = issue.path === '' ? '' : `${issue.path}: `
  const hint = issue.hint === undefined ? '' : `; ${issue.hint}`
  return `${place}: ${severity}: ${path}${issue.message}${hint}`
}
