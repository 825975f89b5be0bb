import { LRUCache } from 'lru-cache'

const LIMIT = 64
/** Read no further: whatever follows names libraries and systems. */
const READ = 256
/** `NAME`, `NAME/VERSION`; the version of regclient's programs stands in parentheses. */
const FIRST = /^([^\s/()]+)(?:\/([^\s()]+))?(?: \((v[^\s()]+)\))?/
/** What a client's first product is called where its users call it otherwise. */
const CALLED: ReadonlyMap<string, string> = new Map([
  ['docker', 'docker'],
  ['docker-client', 'docker'],
  ['libpod', 'podman'],
  ['buildah', 'buildah'],
  ['helm', 'helm'],
])
const UNKNOWN_VERSIONS: ReadonlySet<string> = new Set(['unknown', 'unset', 'dev', 'devel', 'undefined'])

/** Clients repeat themselves with each request. */
const seen = new LRUCache<string, string>({ max: 500 })

/**
 * The program that a User-Agent names first, and its version: `docker 27.3.1`; at most 64 characters. `undefined` when
 * there is none. It is what the client says of itself, so it proves nothing.
 * Spec: RFC 9110 §10.1.5.
 */
export function productOf(userAgent: string): string | undefined {
  const text = userAgent.slice(0, READ)
  const known = seen.get(text)
  if (known !== undefined) return known
  const product = readProduct(text)
  if (product !== undefined) seen.set(text, product)
  return product
}

function readProduct(text: string): string | undefined {
  const [, name, version, detail] = FIRST.exec(text) ?? []
  if (name === undefined) return undefined
  const lower = name.toLowerCase()
  // Every browser calls itself that, with a version that means nothing.
  if (lower === 'mozilla') return 'browser'
  if (lower === 'regclient' && version !== undefined) return joined(version, detail)
  return joined(CALLED.get(lower) ?? name, version)
}

function joined(name: string, version: string | undefined): string {
  const isKnown = version !== undefined && !UNKNOWN_VERSIONS.has(version.toLowerCase())
  return (isKnown ? `${name} ${version}` : name).slice(0, LIMIT)
}
