import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { Clock } from '../model/ports.ts'

const TTL_MS = 10 * 60_000
const MAX_TAGS = 10_000

/** Gives back the event, with its `tag` when it pulls by digest what the same subject just looked up by tag. */
export type WithRecentTag = (event: AuditEvent) => AuditEvent

/**
 * Remembers which tag a subject at an address resolved to which digest: all current clients ask HEAD by tag and then
 * GET by digest, and a line without the tag would hide what was pulled.
 * At most `max` tags, each for `ttlMs` after it was last resolved.
 */
export function createRecentTags(options: {
  readonly clock: Clock
  readonly max?: number
  readonly ttlMs?: number
}): WithRecentTag {
  const tags = new LRUCache<string, string>({
    ...atMost(options.max ?? MAX_TAGS),
    ttl: options.ttlMs ?? TTL_MS,
    ttlResolution: 0,
    perf: { now: options.clock },
  })
  return event => {
    const key = keyOf(event)
    if (key === undefined) return event
    if (event.tag !== undefined) {
      if (event.outcome === 'success') tags.set(key, event.tag)
      return event
    }
    const tag = event.action === 'pull' ? tags.get(key) : undefined
    return tag === undefined ? event : { ...event, tag }
  }
}

/** Only the name can hold a NUL, so it comes last. */
function keyOf({ kind, client_ip, repository, digest, actor }: AuditEvent): string | undefined {
  if (kind !== 'manifest' && kind !== 'index') return undefined
  if (repository === undefined || digest === undefined) return undefined
  return `${client_ip}\0${repository}\0${digest}\0${actor.name ?? ''}`
}
