import { dockerWordFor, NEW_WORDS } from '../policy/words.ts'

/** The action in the words of docker_auth, for programs and policies that were written for it. */
export function dockerWord(action: string): string {
  const word = NEW_WORDS.find(word => word === action)
  return word === undefined ? action : dockerWordFor(word)
}

/** The actions in those words, each once. */
export function dockerWords(actions: readonly string[]): readonly string[] {
  return [...new Set(actions.map(dockerWord))]
}
