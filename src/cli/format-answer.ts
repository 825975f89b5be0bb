import type { Explanation, FailedCondition, TriedRule } from '../policy/explain.ts'

/**
 * An explanation for a terminal: the answer, the rule that decided, then the rules tried before it with the condition
 * that kept each from applying. `placeOf` is where a rule stands, by its 0-based index.
 */
export function formatAnswer(
  { decision, tried }: Explanation,
  { notes, placeOf }: { readonly notes: readonly string[]; readonly placeOf: (index: number) => string },
): string {
  const answer = decision.denied.length === 0 ? 'yes' : 'no'
  const decided = tried.filter(({ failed }) => failed === undefined)
  const passed = tried.filter(({ failed }) => failed !== undefined)
  const rows = [...decided, ...passed].map(
    rule => [rule.name ?? rule.rule, placeOf(rule.index), verdict(rule)] as const,
  )
  const widths = [0, 1].map(column => Math.max(0, ...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(row => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`)
  const heading = decided.length === 0 ? 'tried, in this order:' : 'tried before, in this order:'
  return [
    `${answer}: ${decision.reason}`,
    ...notes.map(note => `note: ${note}`),
    ...lines.slice(0, decided.length),
    ...(passed.length === 0 ? [] : [heading]),
    ...lines.slice(decided.length),
    '',
  ].join('\n')
}

function verdict({ rule, name = rule, comment, failed, says }: TriedRule): string {
  const why = failed === undefined ? (says?.replace(`${name} `, '') ?? 'decides') : mismatch(failed)
  return comment === undefined ? why : `${why}  # ${comment.replace(/\p{Cc}+/gu, ' ')}`
}

function mismatch({ name, pattern, value }: FailedCondition): string {
  if (value === '') return `no ${name} to match ${JSON.stringify(pattern)}`
  return `${name} ${JSON.stringify(value)} does not match ${JSON.stringify(pattern)}`
}
