import type { AclEntry } from './acl-entry.ts'
import { type Captures, findCaptures } from './captures.ts'
import { FIELDS } from './context.ts'
import type { PolicyIssue } from './policy-issue.ts'

/** A pattern of a rule as it stands in the file. */
export interface WrittenPattern {
  readonly path: PolicyIssue['path']
  /** What it is held against: `account`, `labels.team`, `tags`. */
  readonly subject: string
  readonly source: string
  /** References that are replaced in it. */
  readonly captures: Captures
}

/** Every pattern of a rule, in the order of its conditions. */
export function writtenPatterns(
  { match, tags, clients }: AclEntry,
  index: number,
): readonly WrittenPattern[] {
  const captures = findCaptures(match)
  const fields = FIELDS.flatMap(field => {
    const source = match[field]
    return source === undefined ? [] : [{ path: [index, 'match', field], subject: field, source, captures }]
  })
  const labels = Object.entries(match.labels ?? {}).map(([key, source]) => ({
    path: [index, 'match', 'labels', key],
    subject: `labels.${key}`,
    source,
    captures,
  }))
  const listed = (key: 'tags' | 'clients', sources: readonly string[] = []) => {
    const own = findCaptures(match, sources)
    return sources.map((source, at) => ({ path: [index, key, at], subject: key, source, captures: own }))
  }
  return [...fields, ...labels, ...listed('tags', tags), ...listed('clients', clients)]
}
