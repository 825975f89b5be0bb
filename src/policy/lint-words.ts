import type { AclEntry } from './acl-entry.ts'
import type { PolicyIssue } from './policy-issue.ts'
import { dockerWordFor, type NewWord, ruleActions } from './words.ts'

const MEANING = { overwrite: 'move an existing tag', list: 'list tags', mount: 'mount blobs' } as const
const MAX_SHOWN = 3

/** One note for each new word that takes something from the rules with the docker word alone. */
export function lintWords(entries: readonly AclEntry[], used: ReadonlySet<NewWord>): readonly PolicyIssue[] {
  const rules = entries.map(entry => ({ entry, actions: ruleActions(entry, used) }))
  return [...used].flatMap(word => {
    const first = rules.findIndex(({ actions }) => actions.words.has(word))
    const docker = dockerWordFor(word)
    const without = rules.flatMap(({ entry, actions }, index) => {
      const isShort = entry.effect !== 'deny' && actions.words.has(docker) && !actions.words.has(word)
      return isShort ? [`acl[${index}]`] : []
    })
    if (without.length === 0) return []
    const shown = without.length > MAX_SHOWN ? [...without.slice(0, MAX_SHOWN), '...'] : without
    const message = `a rule uses ${word}, so ${docker} alone does not ${MEANING[word]}: ${shown.join(', ')}`
    const hint = `add ${word} where it is meant`
    return [{ severity: 'note', path: [first], message, hint }]
  })
}
