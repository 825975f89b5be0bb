import { LRUCache } from 'lru-cache'
import type { ResourceActions } from '../model/access.ts'
import type { Clock } from '../model/ports.ts'
import type { TokenIssuer } from './issue.ts'

const MAX_TOKENS = 5_000

/** A token for the registry behind us: for the subject, exactly the access, the service. */
export type UpstreamTokens = (
  subject: string,
  access: readonly ResourceActions[],
  audience: string,
) => Promise<string>

/**
 * Tokens for our own requests to the registry. The same question gets the same token for half of its
 * life, so that it never runs out on the way. `issuer` makes tokens of `ttlSeconds`, 60 to 120.
 */
export function createUpstreamTokens(options: {
  readonly issuer: TokenIssuer
  readonly ttlSeconds: number
  readonly clock: Clock
  readonly max?: number
}): UpstreamTokens {
  const tokens = new LRUCache<string, Promise<string>>({
    max: options.max ?? MAX_TOKENS,
    ttl: (options.ttlSeconds * 1000) / 2,
    ttlResolution: 0,
    perf: { now: options.clock },
  })

  async function issue(key: string, grant: Parameters<TokenIssuer['issue']>[0]): Promise<string> {
    try {
      return (await options.issuer.issue(grant)).token
    } catch (error) {
      tokens.delete(key)
      throw error
    }
  }

  return (subject, access, audience) => {
    const canonical = canonicalAccess(access)
    const key = keyOf(subject, audience, canonical)
    const known = tokens.get(key)
    if (known !== undefined) return known
    const issued = issue(key, { subject, audience, access: canonical })
    tokens.set(key, issued)
    return issued
  }
}

/** One text per question, without JSON: this is asked for every request. Lengths keep the parts apart. */
function keyOf(subject: string, audience: string, access: readonly ResourceActions[]): string {
  let key = sized(subject) + sized(audience)
  for (const { type, name, actions } of access) {
    key += `${sized(type)}${sized(name)}${actions.length};`
    for (const action of actions) key += sized(action)
  }
  return key
}

function sized(text: string): string {
  return `${text.length}:${text}`
}

/** The same access in one order: entries by type and name, actions sorted and unique. */
function canonicalAccess(access: readonly ResourceActions[]): readonly ResourceActions[] {
  // As nearly all requests have it.
  if (access.length < 2 && access.every(({ actions }) => isAscending(actions))) return access
  return access
    .map(({ type, name, actions }) => ({ type, name, actions: [...new Set(actions)].sort() }))
    .sort((a, b) => compare(a.type, b.type) || compare(a.name, b.name))
}

function isAscending(actions: readonly string[]): boolean {
  return actions.every((action, i) => i === 0 || compare(actions[i - 1] ?? '', action) < 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
