import { BlockList, isIPv6 } from 'node:net'
import { RE2JS } from 're2js'
import type { Question } from '../../src/model/decision.ts'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { matchGlob } from '../../src/policy/glob.ts'

/** What `plainDecide` says of each action asked for: who settled it, and how. */
export type Verdicts = ReadonlyMap<string, { readonly isGranted: boolean; readonly rule: string }>

const ROLES = {
  reader: ['pull', 'list'],
  writer: ['pull', 'list', 'push', 'overwrite', 'mount'],
  admin: ['*'],
}
const OLD_WORD: Readonly<Record<string, string>> = { overwrite: 'push', list: 'pull', mount: 'push' }

/**
 * The rules read one by one for one action at a time, as they are documented, without an index, a cache or anything
 * prepared. Time and address conditions are those of a few values: dates, `HH:MM-HH:MM` in UTC, and IPv4 blocks.
 */
export function plainDecide(acl: readonly AclEntry[], question: Question, compat = false): Verdicts {
  const words = new Set(acl.flatMap(entry => listed(entry)))
  return new Map(
    question.access.actions.map(action => {
      const verdict = settle(acl, question, { action, words, compat })
      if (action !== 'push' || question.tag !== undefined || !words.has('overwrite')) return [action, verdict]
      const other = settle(acl, question, { action: 'overwrite', words, compat })
      return [action, verdict.isGranted ? verdict : { ...verdict, isGranted: other.isGranted }]
    }),
  )
}

interface Ask {
  readonly action: string
  readonly words: ReadonlySet<string>
  readonly compat: boolean
}

function settle(acl: readonly AclEntry[], question: Question, { action, words, compat }: Ask) {
  const type = question.access.type
  for (const [index, entry] of acl.entries()) {
    if (!applies(entry, question, compat)) continue
    const rule = entry.name ?? `acl[${index}]`
    const isOpen = entry.tags !== undefined && question.tag === undefined
    if (entry.effect === 'deny') {
      if (!isOpen && takes(entry, action, { words, type })) return { isGranted: false, rule }
      continue
    }
    if (gives(entry, action, words)) return { isGranted: true, rule }
    if (!isOpen) return { isGranted: false, rule }
  }
  return { isGranted: false, rule: 'default-deny' }
}

function listed({ actions = [], roles = [] }: AclEntry): readonly string[] {
  return [...actions, ...roles.flatMap(role => ROLES[role])]
}

function has(entry: AclEntry, action: string, words: ReadonlySet<string>): boolean {
  const old = OLD_WORD[action]
  return (
    listed(entry).includes(action) || (old !== undefined && !words.has(action) && listed(entry).includes(old))
  )
}

function gives(entry: AclEntry, action: string, words: ReadonlySet<string>): boolean {
  const { actions = [], roles = [] } = entry
  return (actions.length === 1 && actions[0] === '*') || roles.includes('admin') || has(entry, action, words)
}

function takes(
  entry: AclEntry,
  action: string,
  { words, type }: { readonly words: ReadonlySet<string>; readonly type: string },
): boolean {
  const all = listed(entry).length === 0 || listed(entry).includes('*')
  return all || has(entry, action, words) || (action === '*' && type !== 'registry')
}

function applies(entry: AclEntry, question: Question, compat: boolean): boolean {
  const { match, tags, clients, until, hours } = entry
  const { subject, access, service, clientIp, now, tag, userAgent = '' } = question
  const fields = { account: subject.name, type: access.type, name: access.name, service }
  const quotes = subject.isExternal === true && !compat
  const inFields = Object.keys(fields).map(key => match[key as keyof typeof fields] ?? '')
  const fill = (others: readonly string[], pattern: string, labels: Readonly<Record<string, string>>) =>
    substitute(pattern, { fields, match, collected: [...inFields, ...others], labels, quotes })
  const matches = (pattern: string, text: string, others: readonly string[] = []) =>
    choices(pattern, subject.labels).some(labels =>
      matchesPattern(fill(others, pattern, labels), text, quotes && !isWrittenRegex(pattern)),
    )
  return (
    Object.entries(fields).every(([key, text]) => {
      const pattern = match[key as keyof typeof fields]
      return pattern === undefined || matches(pattern, text)
    }) &&
    (match.ip === undefined || isInBlock(match.ip, clientIp)) &&
    Object.entries(match.labels ?? {}).every(([key, pattern]) =>
      (subject.labels[key] ?? []).some(value =>
        matchesPattern(fill([], pattern, {}), value, quotes && !isWrittenRegex(pattern)),
      ),
    ) &&
    (tags === undefined || tag === undefined || tags.some(pattern => matches(pattern, tag, tags))) &&
    (clients === undefined || clients.some(pattern => matches(pattern, userAgent, clients))) &&
    (until === undefined || now < Date.parse(`${until}T00:00:00Z`) + 86_400_000) &&
    (hours === undefined || isInHours(hours, now))
  )
}

/** None, then one value for each label that the pattern names, if the subject has them. */
function choices(
  pattern: string,
  labels: Question['subject']['labels'],
): readonly Readonly<Record<string, string>>[] {
  const keys = [...new Set([...pattern.matchAll(/\$\{labels:([^}]*)\}/g)].map(([, key = '']) => key))]
  const known = keys.filter(key => Object.hasOwn(labels, key))
  const products = known.reduce<readonly Readonly<Record<string, string>>[]>(
    (sum, key) => sum.flatMap(choice => (labels[key] ?? []).map(value => ({ ...choice, [key]: value }))),
    [{}],
  )
  return [{}, ...(known.length === 0 ? [] : products)]
}

function isWrittenRegex(pattern: string): boolean {
  const outline = pattern.replace(/\$\{[^}]*\}/g, '\u0000')
  return outline.length > 2 && outline.startsWith('/') && outline.endsWith('/')
}

interface Values {
  readonly fields: Readonly<Record<string, string>>
  readonly match: AclEntry['match']
  /** Patterns in which references are looked for. */
  readonly collected: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly quotes: boolean
}

function substitute(pattern: string, values: Values): string {
  const { fields, labels, quotes } = values
  const raw = (text: string) => (quotes ? quote(text) : text)
  const placeholder = /\$\{(?:(account|type|name|service)|labels:([^}]*)|(\w+):(\d+))\}/g
  return pattern.replace(placeholder, (all: string, variable?: string, label?: string) => {
    if (variable !== undefined) return quote(fields[variable] ?? '')
    if (label !== undefined) return Object.hasOwn(labels, label) ? raw(labels[label] ?? '') : all
    const text = groupText(all, values)
    return text === undefined ? all : raw(text)
  })
}

/** What `${account:1}` stands for, where it stands for anything. */
function groupText(reference: string, { fields, match, collected }: Values): string | undefined {
  const found = collected.flatMap(text => [...text.matchAll(/\$\{(.+?):(\d+)\}/g)].map(([all]) => all))
  const [, key = '', digits] = /^\$\{(\w+):(\d+)\}$/.exec(reference) ?? []
  const source = match[key as 'account'] ?? ''
  if (!found.includes(reference) || !isWrittenRegex(source)) return undefined
  const groups = RE2JS.compile(source.slice(1, -1)).exec(fields[key] ?? '')
  const number = Number(digits)
  return groups === null || number < 1 || number >= groups.length ? undefined : (groups[number] ?? '')
}

function quote(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

function matchesPattern(pattern: string, text: string, isGlob: boolean): boolean {
  if (isGlob || pattern.length < 3 || !pattern.startsWith('/') || !pattern.endsWith('/')) {
    return matchGlob(pattern, text)
  }
  try {
    return RE2JS.compile(pattern.slice(1, -1)).test(text)
  } catch {
    // An expression that substitution has broken.
    return false
  }
}

function isInBlock(block: string, client: string): boolean {
  const address = client.replace('::ffff:', '')
  if (address === '' || isIPv6(address)) return false
  const [base = '', length = '32'] = block.split('/')
  const list = new BlockList()
  list.addSubnet(base, Number(length), 'ipv4')
  return list.check(address)
}

function isInHours(hours: string, now: number): boolean {
  const clock = new Date(now).toISOString().slice(11, 16)
  const [start = '', end = ''] = hours.split('-')
  return start < end ? start <= clock && clock < end : start <= clock || clock < end
}
