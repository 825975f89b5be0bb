import type { Decision } from '../model/decision.ts'
import type { RegistryExchange } from '../model/exchange.ts'
import type { Log } from '../model/ports.ts'
import type { FetchContent } from '../model/signature.ts'
import type { TagListing, TagTarget } from '../model/tagged-manifest.ts'
import type { Guards } from '../policy/guards.ts'
import type { KeyedLocks } from './keyed-locks.ts'

/** An answer of the registry that is complete in memory; headers as they will go to the client. */
export interface BufferedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** What the guards ask the registry; each throws UpstreamUnavailable when it cannot tell. */
export interface GuardLookups {
  /** What a tag points to now; `undefined` only when there is no such tag. */
  readonly findTag: (name: string, tag: string) => Promise<TagTarget | undefined>
  /** Up to `maxTags`, 10,000 unless told. */
  readonly taggedManifests: (name: string, signal: AbortSignal, maxTags?: number) => Promise<TagListing>
  /** Bytes of a manifest or a small blob by its digest. */
  readonly fetchContent: FetchContent
}

/** The guards of one process. */
export interface GuardPorts extends GuardLookups {
  /** Those now in force. */
  readonly guards: () => Guards
  readonly locks: KeyedLocks
  readonly log: Pick<Log, 'debug'>
}

/** What is learnt of a manifest on its way, for the audit line. */
export type GuardFacts = Pick<
  RegistryExchange,
  'previousDigest' | 'removedTags' | 'rule' | 'imageSize' | 'manifestSubject'
>

/** What a guard needs for one request. */
export interface GuardedRequestPorts extends GuardPorts {
  /** The policy's answer for an action on the repository; about one tag, if given. */
  readonly decide: (action: 'push' | 'overwrite' | 'delete', tag?: string) => Promise<Decision>
  /** The error that answers a denial. */
  readonly refusal: (decision: Decision) => Promise<Error>
  readonly note: (facts: GuardFacts) => void
  /**
   * Sends the request, with `body` if any, and resolves only with the registry's whole answer, even if the client
   * has left: a lock that were released earlier would protect nothing. @throws UpstreamUnavailable
   */
  readonly send: (body?: Uint8Array) => Promise<BufferedAnswer>
}
