import { createHash } from 'node:crypto'
import type { GuardedRequestPorts, GuardFacts } from '../../src/http/guard-ports.ts'
import { createKeyedLocks, type KeyedLocks } from '../../src/http/keyed-locks.ts'
import { Refusal } from '../../src/http/refusal.ts'
import type { Decision } from '../../src/model/decision.ts'
import { isReferrerTag } from '../../src/oci/referrer-tag.ts'
import { compileGuards, type GuardEntries } from '../../src/policy/guards.ts'

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
export const INDEX = 'application/vnd.oci.image.index.v1+json'

/** A registry in memory and the ports of requests to it. */
export interface World {
  readonly tags: Map<string, string>
  readonly manifests: Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>
  readonly blobs: Map<string, Uint8Array>
  readonly locks: KeyedLocks
  /** What was asked and sent, in order. */
  readonly log: string[]
  /** Actions that the policy denies, each as `ACTION`, or `ACTION:TAG` for one tag. */
  readonly denied: Set<string>
  readonly facts: GuardFacts[]
  /** What the log was told. */
  readonly debugged: unknown[]
  /** Ports of one request; what it sends is a push of `tag`, or a deletion. */
  ports(request: Sent): GuardedRequestPorts
}

/** What reaches the registry; `answer` instead of what it would do. */
export interface Sent {
  readonly push?: string
  readonly answer?: number
}

const turn = () => new Promise(resolve => setImmediate(resolve))

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export function createWorld(entries: Partial<GuardEntries> = {}): World {
  const { guards } = compileGuards(
    { immutable_tags: [], protected_tags: [], manifest_rules: [], ...entries },
    { isExempt: isReferrerTag },
  )
  const world = {
    tags: new Map<string, string>(),
    manifests: new Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>(),
    blobs: new Map<string, Uint8Array>(),
    locks: createKeyedLocks({ waitMs: 20_000, maxWaiting: 1_000 }),
    log: [] as string[],
    denied: new Set<string>(),
    facts: [] as GuardFacts[],
    debugged: [] as unknown[],
  }
  const { tags, manifests, blobs, log } = world
  const ports = (request: Sent): GuardedRequestPorts => ({
    guards: () => guards,
    locks: world.locks,
    log: { debug: (message, fields) => world.debugged.push([message, fields]) },
    findTag: async (_name, tag) => {
      log.push(`tag ${tag}`)
      await turn()
      const digest = tags.get(tag)
      return digest === undefined ? undefined : { digest, mediaType: IMAGE }
    },
    taggedManifests: async () => {
      log.push('list')
      await turn()
      return {
        outcome: 'listed',
        tags: [...tags].map(([tag, digest]) => ({
          tag,
          digest,
          mediaType: manifests.get(digest)?.mediaType ?? IMAGE,
        })),
      }
    },
    fetchContent: async ({ kind, reference }) => {
      log.push(kind)
      return kind === 'manifest' ? manifests.get(reference)?.bytes : blobs.get(reference)
    },
    decide: async (action, tag): Promise<Decision> => {
      const isDenied = world.denied.has(action) || world.denied.has(`${action}:${tag}`)
      const reason = `may not ${action}`
      return {
        granted: isDenied ? [] : [action],
        denied: isDenied ? [action] : [],
        rule: `acl-${action}`,
        reason,
      }
    },
    refusal: async decision => new Refusal('DENIED', decision.reason, { decision }),
    note: facts => world.facts.push(facts),
    send: async body => {
      log.push(`send ${request.push ?? 'delete'}`)
      await turn()
      if (request.answer !== undefined) return answer(request.answer)
      if (body !== undefined && request.push !== undefined) tags.set(request.push, digestOf(body))
      await turn()
      return answer(body === undefined ? 202 : 201)
    },
  })
  return { ...world, ports }
}

function answer(status: number) {
  return { status, headers: {}, body: new Uint8Array() }
}
