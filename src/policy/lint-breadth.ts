import type { AclEntry } from './acl-entry.ts'
import { matchedText } from './matched-text.ts'
import type { Matchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { regexSource } from './regex.ts'

/** Rules whose rights everybody has, and the right that perhaps nobody has. */
export function lintBreadth(entries: readonly AclEntry[], matchers: Matchers): readonly PolicyIssue[] {
  return [...entries.flatMap(lintEverybody), ...lintCatalog(entries, matchers)]
}

/** Reading what is named is often meant for all; to write, or to read everything, is worth a word. */
function lintEverybody(entry: AclEntry, index: number): readonly PolicyIssue[] {
  const { match, effect, clients } = entry
  const words = wordsOf(entry)
  const isForAll =
    match.ip === undefined && clients === undefined && !namesSubject(entry) && isAnybody(match.account)
  if (effect === 'deny' || words.length === 0 || !isForAll) return []
  const isReading = words.every(word => word === 'pull' || word === 'list' || word === 'reader')
  if (isReading && (match.name ?? match.type) !== undefined) return []
  const message = `this rule allows everybody ${words.join(', ')}, anonymous users too`
  const hint = 'name an account or a label, or write account: "?*" for all who are logged in'
  return [{ severity: isReading ? 'note' : 'warning', path: [index], message, hint }]
}

function wordsOf({ actions = [], roles = [] }: AclEntry): readonly string[] {
  return [...actions, ...roles]
}

function namesSubject({ match, tags = [] }: AclEntry): boolean {
  const { labels = {}, type = '', name = '', service = '' } = match
  const inserts = /\$\{([Aa]ccount|labels)\b/
  return Object.keys(labels).length > 0 || [type, name, service, ...tags].some(source => inserts.test(source))
}

/** Account patterns that leave nobody out, or nobody whose name holds no slash. */
function isAnybody(account: string | undefined): boolean {
  if (account === undefined || /^\*+$/.test(account)) return true
  return /^\^?(\.\*)?\$?$/.test(regexSource(account) ?? 'none')
}

function lintCatalog(entries: readonly AclEntry[], matchers: Matchers): readonly PolicyIssue[] {
  const isGiving = entries.some(entry => entry.effect !== 'deny' && wordsOf(entry).length > 0)
  if (!isGiving || entries.some(entry => mayListCatalog(entry, matchers))) return []
  const message = 'no rule allows to list the catalog'
  const hint = 'if that is wanted: match: {type: registry, name: catalog}, actions: ["*"]'
  return [{ severity: 'note', path: [], message, hint }]
}

function mayListCatalog(entry: AclEntry, matchers: Matchers): boolean {
  const { match, effect, actions = [], roles = [] } = entry
  const may = (pattern: string | undefined, text: string) =>
    pattern === undefined || pattern.includes('${') || matchers.written(pattern).matches(matchedText(text))
  const isStar = actions.includes('*') || roles.includes('admin')
  return effect !== 'deny' && isStar && may(match.type, 'registry') && may(match.name, 'catalog')
}
