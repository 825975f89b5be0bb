const MAX_LENGTH = 255 // as the reference package of distribution

// Every separator class is disjoint from the letters, so matching is linear; the cap bounds it anyway.
const COMPONENT = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*'
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)

/**
 * Whether `text` is a repository name: at most 255 characters, no host part.
 * Spec: OCI distribution-spec 1.1, "Pulling manifests", `<name>`.
 */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_LENGTH && NAME.test(text)
}
