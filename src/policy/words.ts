/** Words of our own, each with the docker word that stands for it in a list of rules that never uses it. */
const DOCKER_WORD = { overwrite: 'push', list: 'pull', mount: 'push' } as const

/** A word of ours: `overwrite` moves an existing tag, `list` shows tags, `mount` takes a blob over. */
export type NewWord = keyof typeof DOCKER_WORD

/** All of them. */
export const NEW_WORDS: readonly NewWord[] = ['overwrite', 'list', 'mount']

/** Roles and their actions; `*` is whatever is asked. */
export const ROLES = {
  reader: ['pull', 'list'],
  writer: ['pull', 'list', 'push', 'overwrite', 'mount'],
  admin: ['*'],
} as const

/** One of `ROLES`. */
export type Role = keyof typeof ROLES

/** What a rule says about actions. */
export interface RuleActions {
  /** Every action, whatever it is called. */
  readonly isAll: boolean
  /** As written and from the roles, for people. */
  readonly listed: readonly string[]
  /** `listed`, and the new words that it stands for. */
  readonly words: ReadonlySet<string>
}

interface Written {
  readonly actions?: readonly string[] | undefined
  readonly roles?: readonly Role[] | undefined
  readonly effect?: 'allow' | 'deny' | undefined
}

/** Which new words a list of rules uses; only there do they have to be granted by name. */
export function usedWords(entries: readonly Written[]): ReadonlySet<NewWord> {
  const listed = new Set(entries.flatMap(listedBy))
  return new Set(NEW_WORDS.filter(word => listed.has(word)))
}

/** The actions of one rule, in a list of rules that uses the words `used`. */
export function ruleActions(entry: Written, used: ReadonlySet<NewWord>): RuleActions {
  if (isEverything(entry)) return { isAll: true, listed: ['*'], words: new Set(['*']) }
  const listed = [...new Set(listedBy(entry))]
  const implied = NEW_WORDS.filter(word => !used.has(word) && listed.includes(DOCKER_WORD[word]))
  return {
    isAll: false,
    listed: entry.roles === undefined ? (entry.actions ?? []) : listed,
    words: new Set([...listed, ...implied]),
  }
}

/** The docker word that a list of rules grants `word` by, unless it uses `word`. */
export function dockerWordFor(word: NewWord): string {
  return DOCKER_WORD[word]
}

function listedBy({ actions = [], roles = [] }: Written): readonly string[] {
  return [...actions, ...roles.flatMap(role => ROLES[role])]
}

/** docker_auth's lone `*`; what denies without restraint, or in doubt, denies everything. */
function isEverything(entry: Written): boolean {
  const { actions = [], roles = [], effect } = entry
  if (effect === 'deny') return listedBy(entry).length === 0 || listedBy(entry).includes('*')
  return (actions.length === 1 && actions[0] === '*') || roles.includes('admin')
}
