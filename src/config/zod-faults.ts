import type { $ZodIssue } from 'zod/v4/core'
import type { Fault, KeyPath } from './fault.ts'
import { nearest } from './nearest.ts'

/** The schema's issues in our words; of a union's branches the one that came furthest. */
export function zodFaults(issues: readonly $ZodIssue[], at: KeyPath = []): readonly Fault[] {
  return issues.flatMap(issue => {
    const path = [...at, ...issue.path.map(key => (typeof key === 'symbol' ? `${String(key)}` : key))]
    // Of a union by tag no branch is tried when the tag is unknown.
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [toFault(issue, path)]
    const branches = issue.errors.map(branch => zodFaults(branch, path))
    return branches.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
  })
}

function toFault(issue: $ZodIssue, path: KeyPath): Fault {
  const hint = hintFor(issue)
  const fault: Fault = { severity: 'error', path, message: messageFor(issue) }
  return hint === undefined ? fault : { ...fault, hint }
}

function messageFor(issue: $ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  return isMissing && issue.message.startsWith('Invalid input') ? 'is missing' : issue.message
}

function hintFor(issue: $ZodIssue): string | undefined {
  if (issue.code === 'custom') {
    const hint: unknown = issue.params?.['hint']
    return typeof hint === 'string' ? hint : undefined
  }
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return undefined
  const candidate = nearest(issue.input, issue.values.map(String))
  return candidate === undefined ? undefined : `did you mean "${candidate}"?`
}

function depth(faults: readonly Fault[]): number {
  return Math.max(0, ...faults.map(({ path }) => path.length))
}
