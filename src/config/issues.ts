import type { ConfigIssue } from '../model/errors.ts'
import { type Fault, formatPath, type KeyPath } from './fault.ts'

/** Line and column, counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** The faults at their places in the file, in its order, each once. */
export function toIssues(
  faults: readonly Fault[],
  { file, locate }: { readonly file: string; locate(path: KeyPath, offset?: number): Position },
): readonly ConfigIssue[] {
  const issues = faults.map(({ path, message, hint, offset }): ConfigIssue => {
    const issue = { file, ...locate(path, offset), path: formatPath(path), message }
    return hint === undefined ? issue : { ...issue, hint }
  })
  const unique = new Map(issues.map(issue => [JSON.stringify(issue), issue]))
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
