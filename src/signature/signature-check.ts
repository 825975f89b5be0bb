import { createHash } from 'node:crypto'
import type { Clock } from '../model/ports.ts'
import type { FetchContent, SignatureFinding } from '../model/signature.ts'
import { indexChildren } from '../oci/index-children.ts'
import { findSignatures, type ManifestAddress } from './find-signatures.ts'
import { type CachedFinding, createFindingCache, type FindingCache } from './finding-cache.ts'
import { isStatement } from './is-statement.ts'
import type { KeySet } from './key-set.ts'
import { signerOf } from './signer-of.ts'

/** How long a signature that was taken away goes on counting. */
const SIGNED_MS = 10 * 60_000
/** How long a new signature may go unseen; CI pulls right after it signs. */
const UNSIGNED_MS = 3_000
/** A check that takes longer leaves the client without its answer. */
const DEADLINE_MS = 10_000
const MAX_CHILDREN = 1_000
/** Indexes in indexes; the specification knows one level. */
const MAX_DEPTH = 3

/** Whether a manifest is signed by one of `keys`. Never rejects. */
export type SignatureCheck = (
  address: ManifestAddress & { readonly keys: KeySet },
) => Promise<SignatureFinding>

interface Checker {
  readonly fetch: FetchContent
  readonly clock: Clock
  readonly cache: FindingCache
  readonly underway: Map<string, Promise<SignatureFinding>>
}

interface Ask extends ManifestAddress {
  readonly keys: KeySet
  readonly depth: number
}

/**
 * Checks cosign's key-based signatures. An index is signed when it is itself; a manifest also when a signed index of
 * the same repository that was asked for before holds it. Signed counts for ten minutes, unsigned for three seconds,
 * and callers that come meanwhile share one check.
 */
export function createSignatureCheck(options: {
  readonly fetch: FetchContent
  readonly clock: Clock
}): SignatureCheck {
  const checker = { ...options, cache: createFindingCache(), underway: new Map() }
  return ({ name, digest, keys }) => checkCached(checker, { name, digest, keys, depth: 0 })
}

function checkCached(checker: Checker, ask: Ask): Promise<SignatureFinding> {
  const { cache, clock, underway } = checker
  const known = cache.get(scopeOf(ask), ask.digest)
  if (known !== undefined && known.until > clock()) return Promise.resolve(known.finding)
  const key = `${scopeOf(ask)} ${ask.digest}`
  const running = underway.get(key) ?? checkNow(checker, ask).finally(() => underway.delete(key))
  underway.set(key, running)
  return running
}

async function checkNow(checker: Checker, ask: Ask): Promise<SignatureFinding> {
  try {
    const bounded = { ...checker, fetch: withDeadline(checker) }
    const entry = await examine(bounded, ask)
    checker.cache.set(scopeOf(ask), ask.digest, entry)
    return entry.finding
  } catch (cause) {
    return { outcome: 'unknown', reason: 'the registry cannot be asked for signatures', cause }
  }
}

async function examine(checker: Checker, ask: Ask): Promise<CachedFinding> {
  const { fetch, clock } = checker
  const signed = (await signedThroughIndex(checker, ask)) ?? (await signedItself(checker, ask))
  if (signed !== undefined) {
    const children = indexChildren((await fetchManifest(fetch, ask)) ?? new Uint8Array())
    return { ...signed, children: children.slice(0, MAX_CHILDREN) }
  }
  const manifest = await fetchManifest(fetch, ask)
  if (manifest !== undefined && (await isStatement(fetch, ask, manifest))) {
    const reason = 'it is a signature or an attestation itself'
    return { finding: { outcome: 'exempt', reason }, until: clock() + SIGNED_MS, children: [] }
  }
  const reason = 'no signature by a trusted key was found'
  return { finding: { outcome: 'unsigned', reason }, until: clock() + UNSIGNED_MS, children: [] }
}

type Signed = Omit<CachedFinding, 'children'>

async function signedThroughIndex(checker: Checker, ask: Ask): Promise<Signed | undefined> {
  if (ask.depth >= MAX_DEPTH) return undefined
  const scope = scopeOf(ask)
  for (const index of checker.cache.indexesOf(scope, ask.digest)) {
    const finding = await checkCached(checker, { ...ask, digest: index, depth: ask.depth + 1 })
    if (finding.outcome === 'unknown') throw finding.cause
    // Not longer than the index, whose own signature may be taken away.
    const until = checker.cache.get(scope, index)?.until
    if (finding.outcome === 'signed' && until !== undefined) return { finding: { ...finding, index }, until }
  }
  return undefined
}

async function signedItself({ fetch, clock }: Checker, ask: Ask): Promise<Signed | undefined> {
  for await (const { message, signature } of findSignatures(fetch, ask)) {
    const signer = signerOf(message, signature, ask.keys)
    if (signer !== undefined) {
      return { finding: { outcome: 'signed', key: signer.fingerprint }, until: clock() + SIGNED_MS }
    }
  }
  return undefined
}

/** What a manifest is, is concluded from its bytes, so they must be the right ones. */
async function fetchManifest(
  fetch: FetchContent,
  { name, digest }: ManifestAddress,
): Promise<Uint8Array | undefined> {
  const bytes = await fetch({ name, kind: 'manifest', reference: digest })
  if (bytes === undefined) return undefined
  const [algorithm = ''] = digest.split(':', 1)
  const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
  if (actual !== digest) throw new Error(`the registry gave ${actual} for ${digest}`)
  return bytes
}

function withDeadline({ fetch, clock }: Checker): FetchContent {
  const deadline = clock() + DEADLINE_MS
  return async ask => {
    if (clock() > deadline) throw new Error(`the check took longer than ${DEADLINE_MS} ms`)
    return fetch(ask)
  }
}

function scopeOf({ name, keys }: Ask): string {
  return `${keys.id} ${name}`
}
