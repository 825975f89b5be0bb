import { OciError } from '../model/errors.ts'
import type { Reference } from '../model/reference.ts'
import type { TaggedManifest } from '../model/tagged-manifest.ts'
import { indexChildren } from '../oci/index-children.ts'
import { manifestKind } from '../oci/manifest-types.ts'
import { printable } from '../policy/printable.ts'
import { shortDigest } from './digest-of.ts'
import type { BufferedAnswer, GuardedRequestPorts } from './guard-ports.ts'
import { lookAtTags } from './look-at-tags.ts'
import { Refusal } from './refusal.ts'

const MAX_MESSAGE = 200
const MAX_NAME = 40
const MAX_TAG = 30
const MAX_NAMED_TAGS = 5
/** Indexes of protected tags that are looked through for the digest; children beyond them are not protected. */
const MAX_INDEXES = 100
const MAX_DETAIL_TAGS = 100

/** A manifest or a tag to be deleted. */
export interface ManifestDeletion {
  readonly name: string
  readonly reference: Reference
  /** Aborted when the client has left: then nothing is sent that was not sent yet. */
  readonly signal: AbortSignal
  /** Whether any guard or any rule of the policy tells the tags of this repository apart. */
  readonly concernsTags: boolean
}

/** A tag that keeps a digest from being deleted. */
interface Keeper {
  readonly tag: string
  readonly rule: string
}

/**
 * Deletes a manifest by its digest, unless a tag that would go with it is immutable, protected or not the subject's to
 * delete, or an index behind a protected tag holds it; or a single tag, unless it is protected. Returns the registry's
 * answer. Where no rule tells tags apart they are looked at for the record only, as far as that is quick.
 * @throws Refusal as 403; OciError UNSUPPORTED for a tag when the registry cannot delete tags, UNAVAILABLE;
 * UpstreamUnavailable; the signal's reason.
 */
export function deleteManifest(
  ports: GuardedRequestPorts,
  deletion: ManifestDeletion,
): Promise<BufferedAnswer> {
  const { reference } = deletion
  return reference.kind === 'tag'
    ? deleteTag(ports, deletion, reference.tag)
    : deleteDigest(ports, deletion, reference.digest)
}

async function deleteDigest(
  ports: GuardedRequestPorts,
  deletion: ManifestDeletion,
  digest: string,
): Promise<BufferedAnswer> {
  const { name, signal } = deletion
  return ports.locks.hold([{ key: `${name}@${digest}`, mode: 'exclusive' }], signal, async () => {
    const tags = deletion.concernsTags
      ? await listTags(ports, deletion)
      : await lookAtTags(ports, deletion, digest)
    const removed = tags.filter(tagged => tagged.digest === digest).map(({ tag }) => tag)
    if (deletion.concernsTags) await denyLossOfTags(ports, { name, digest, tags, removed })
    signal.throwIfAborted()
    const answer = await ports.send()
    if (answer.status < 300 && removed.length > 0) ports.note({ removedTags: removed })
    return answer
  })
}

async function denyLossOfTags(
  ports: GuardedRequestPorts,
  loss: Target & { readonly tags: readonly TaggedManifest[]; readonly removed: readonly string[] },
): Promise<void> {
  const keepers = await keepersOf(ports, { name: loss.name, tags: loss.removed })
  if (keepers.length > 0) throw wouldRemove(loss, keepers)
  const parent = await protectedParent(ports, loss)
  if (parent !== undefined) throw isPartOf(loss, parent)
}

async function deleteTag(
  ports: GuardedRequestPorts,
  deletion: ManifestDeletion,
  tag: string,
): Promise<BufferedAnswer> {
  const { name, signal } = deletion
  const keeper = guardOf(ports, name, tag)
  if (keeper !== undefined) throw isProtected(name, keeper)
  return ports.locks.hold([{ key: `${name}:${tag}`, mode: 'exclusive' }], signal, async () => {
    // Only for the record and the advice below.
    const current = await ports.findTag(name, tag).then(
      target => target?.digest,
      () => undefined,
    )
    if (current !== undefined) ports.note({ previousDigest: current })
    signal.throwIfAborted()
    const answer = await ports.send()
    if (answer.status === 405) {
      throw new OciError('UNSUPPORTED', 'the registry does not delete: storage.delete.enabled is off there')
    }
    if (answer.status !== 400) return answer
    throw await cannotDeleteTag(ports, deletion, { tag, digest: current })
  })
}

function guardOf({ guards }: GuardedRequestPorts, name: string, tag: string): Keeper | undefined {
  const { immutable, protected: kept } = guards()
  const found = immutable.ruleFor(name, tag) ?? kept.ruleFor(name, tag)
  return found && { tag, rule: found.rule }
}

/** Tags that must stay, a few more than a message names. */
async function keepersOf(
  ports: GuardedRequestPorts,
  removed: { readonly name: string; readonly tags: readonly string[] },
): Promise<readonly Keeper[]> {
  const keepers: Keeper[] = []
  for (const tag of removed.tags) {
    const keeper = guardOf(ports, removed.name, tag) ?? (await denialOf(ports, tag))
    if (keeper !== undefined) keepers.push(keeper)
    if (keepers.length > MAX_NAMED_TAGS) break
  }
  return keepers
}

async function denialOf({ decide }: GuardedRequestPorts, tag: string): Promise<Keeper | undefined> {
  const { denied, rule } = await decide('delete', tag)
  return denied.length === 0 ? undefined : { tag, rule }
}

/** The first protected tag whose index holds the digest. */
async function protectedParent(
  ports: GuardedRequestPorts,
  child: { readonly name: string; readonly digest: string; readonly tags: readonly TaggedManifest[] },
): Promise<Keeper | undefined> {
  const { name, digest, tags } = child
  const keepers = new Map<string, Keeper>()
  for (const tagged of tags) {
    const keeper = manifestKind(tagged.mediaType) === 'index' ? guardOf(ports, name, tagged.tag) : undefined
    if (keeper !== undefined && !keepers.has(tagged.digest)) keepers.set(tagged.digest, keeper)
  }
  for (const [index, keeper] of [...keepers].slice(0, MAX_INDEXES)) {
    const stored = await ports.fetchContent({ name, kind: 'manifest', reference: index })
    if (stored !== undefined && indexChildren(stored).includes(digest)) return keeper
  }
  return undefined
}

async function listTags(
  { taggedManifests }: GuardedRequestPorts,
  { name, signal }: ManifestDeletion,
): Promise<readonly TaggedManifest[]> {
  const listing = await taggedManifests(name, signal)
  if (listing.outcome === 'listed') return listing.tags
  const what = `${printable(name, MAX_NAME)} has more than ${listing.limit} tags`
  const reason = `${what}, so it cannot be seen which of them the deletion would remove`
  throw new Refusal('DENIED', reason, { decision: { rule: 'protected_tags', reason } })
}

/** Registry 2.8 takes a tag here for a malformed digest. */
async function cannotDeleteTag(
  ports: GuardedRequestPorts,
  { name, signal }: ManifestDeletion,
  target: { readonly tag: string; readonly digest: string | undefined },
): Promise<OciError> {
  const { tag, digest } = target
  const cannot = 'registry 2.8 cannot delete a single tag'
  if (digest === undefined) {
    return new OciError(
      'UNSUPPORTED',
      `${cannot}, and ${printable(name, MAX_NAME)} seems to have no such tag`,
    )
  }
  const listing = await ports.taggedManifests(name, signal)
  const tags = listing.outcome === 'listed' ? listing.tags : []
  const others = tags.filter(other => other.digest === digest && other.tag !== tag).map(other => other.tag)
  const also = others.length === 0 ? '' : `, which also removes ${enumerate(others)}`
  return new OciError(
    'UNSUPPORTED',
    printable(`${cannot}; delete its digest ${shortDigest(digest)} instead${also}`, MAX_MESSAGE),
    { detail: `digest ${digest}; tags ${allOf([tag, ...others])}` },
  )
}

interface Target {
  readonly name: string
  readonly digest: string
}

function wouldRemove({ name, digest }: Target, keepers: readonly Keeper[]): Refusal {
  const tags = keepers.map(({ tag }) => tag)
  const rules = [...new Set(keepers.map(({ rule }) => rule))]
  const noun = keepers.length === 1 ? 'the tag' : 'the tags'
  return deny(
    { name, digest, rule: rules[0] ?? '' },
    `${shortDigest(digest)} of ${printable(name, MAX_NAME)} cannot be deleted (${rules[0] ?? ''}), as ${noun} ${enumerate(tags)} would go`,
  )
}

function isPartOf({ name, digest }: Target, { tag, rule }: Keeper): Refusal {
  const what = `${shortDigest(digest)} of ${printable(name, MAX_NAME)} cannot be deleted`
  return deny({ name, digest, rule }, `${what} (${rule}), as it is part of ${printable(tag, MAX_TAG)}`)
}

function isProtected(name: string, { tag, rule }: Keeper): Refusal {
  const what = `tag ${printable(tag, MAX_TAG)} of ${printable(name, MAX_NAME)}`
  const reason = `${what} is protected from deletion (${rule})`
  return new Refusal('DENIED', reason, { decision: { rule, reason } })
}

function deny({ name, digest, rule }: Target & { readonly rule: string }, text: string): Refusal {
  const reason = printable(text, MAX_MESSAGE)
  return new Refusal('DENIED', reason, { detail: `${name}@${digest}`, decision: { rule, reason } })
}

/** `a, b, c and more`: at most five. */
function enumerate(tags: readonly string[]): string {
  const named = tags.slice(0, MAX_NAMED_TAGS).map(tag => printable(tag, MAX_TAG))
  return `${named.join(', ')}${tags.length > MAX_NAMED_TAGS ? ' and more' : ''}`
}

function allOf(tags: readonly string[]): string {
  const rest = tags.length - MAX_DETAIL_TAGS
  return `${tags.slice(0, MAX_DETAIL_TAGS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
