import type { Decision } from '../model/decision.ts'
import { OciError } from '../model/errors.ts'
import type { Reference } from '../model/reference.ts'
import { parseManifest } from '../oci/manifest.ts'
import { printable } from '../policy/printable.ts'
import { digestOf, isDigestOf, shortDigest } from './digest-of.ts'
import type { BufferedAnswer, GuardedRequestPorts } from './guard-ports.ts'
import type { Claim } from './keyed-locks.ts'
import { manifestViolation } from './manifest-check.ts'
import { Refusal } from './refusal.ts'

const MAX_MESSAGE = 200
const MAX_NAME = 50
const MAX_TAG = 40

/** A manifest on its way to the registry; `mediaType` without parameters, `''` when the client gave none. */
export interface ManifestPush {
  readonly name: string
  readonly reference: Reference
  readonly mediaType: string
  readonly body: Uint8Array
  /** Aborted when the client has left: then nothing is sent that was not sent yet. */
  readonly signal: AbortSignal
}

/**
 * Sends a manifest to the registry if its rules, the tag's and the subject's rights to the tag allow it, and returns the
 * answer. That the subject may push or overwrite here at all has been asked before.
 * Between the look at the tag and the answer nobody else moves the tag through this process.
 * @throws Refusal as 403; OciError DIGEST_INVALID, MANIFEST_INVALID, UNAVAILABLE; UpstreamUnavailable; the signal's
 * reason.
 */
export async function writeManifest(ports: GuardedRequestPorts, push: ManifestPush): Promise<BufferedAnswer> {
  const { reference, body, signal } = push
  if (reference.kind === 'digest' && !isDigestOf(reference.digest, body)) {
    throw new OciError('DIGEST_INVALID', 'provided digest did not match uploaded content')
  }
  await denyViolation(ports, push)
  if (reference.kind === 'tag') return moveTag(ports, push, reference.tag)
  signal.throwIfAborted()
  return ports.send(body)
}

async function moveTag(ports: GuardedRequestPorts, push: ManifestPush, tag: string): Promise<BufferedAnswer> {
  const { name, body, signal } = push
  const digest = digestOf(body)
  return ports.locks.hold(tagClaims(name, { tag, digest }), signal, async () => {
    const current = await currentDigest(ports, name, tag)
    if (current !== undefined) ports.note({ previousDigest: current })
    const isMove = current !== undefined && !isDigestOf(current, body)
    if (isMove) denyIfImmutable(ports, { name, tag, current, digest })
    const decision = await denyUnlessMay(ports, { tag, current, isMove })
    ports.note({ rule: decision.rule })
    signal.throwIfAborted()
    return ports.send(body)
  })
}

/**
 * What the tag points to. When the registry cannot tell, the push goes on only if nothing depends on it; so a tag whose
 * manifest is damaged can be pushed again.
 */
async function currentDigest(
  ports: GuardedRequestPorts,
  name: string,
  tag: string,
): Promise<string | undefined> {
  try {
    return (await ports.findTag(name, tag))?.digest
  } catch (error) {
    if (ports.guards().immutable.ruleFor(name, tag) !== undefined) throw error
    const decisions = [await ports.decide('push', tag), await ports.decide('overwrite', tag)]
    if (decisions.some(({ denied }) => denied.length > 0)) throw error
    return undefined
  }
}

/** A deletion of the digest, which looks for its tags, has to wait, other tags of it need not. */
function tagClaims(
  name: string,
  target: { readonly tag: string; readonly digest: string },
): readonly Claim[] {
  return [
    { key: `${name}:${target.tag}`, mode: 'exclusive' },
    { key: `${name}@${target.digest}`, mode: 'shared' },
  ]
}

/** To push again what is there already changes nothing, so either right will do. */
async function denyUnlessMay(
  ports: GuardedRequestPorts,
  target: { readonly tag: string; readonly current: string | undefined; readonly isMove: boolean },
): Promise<Decision> {
  const { tag, current, isMove } = target
  const decision = await ports.decide(isMove ? 'overwrite' : 'push', tag)
  if (decision.denied.length === 0) return decision
  const isAgain = current !== undefined && !isMove
  const overwrite = isAgain ? await ports.decide('overwrite', tag) : decision
  if (overwrite.denied.length > 0) throw await ports.refusal(decision)
  return overwrite
}

function denyIfImmutable(
  { guards }: GuardedRequestPorts,
  move: { readonly name: string; readonly tag: string; readonly current: string; readonly digest: string },
): void {
  const { name, tag, current, digest } = move
  const found = guards().immutable.ruleFor(name, tag)
  if (found === undefined) return
  const what = `tag ${printable(tag, MAX_TAG)} of ${printable(name, MAX_NAME)} is immutable`
  const why = `it is ${shortDigest(current)}, you push ${shortDigest(digest)}`
  const reason = printable(`${what} (${found.rule}); ${why}`, MAX_MESSAGE)
  throw new Refusal('DENIED', reason, {
    detail: `${name}:${tag} is ${current}, pushed ${digest}`,
    decision: { rule: found.rule, reason },
  })
}

async function denyViolation(ports: GuardedRequestPorts, push: ManifestPush): Promise<void> {
  const { name, reference, mediaType, body } = push
  const checks = ports.guards().manifests.on(name, reference.kind === 'tag' ? reference.tag : undefined)
  if (checks === undefined) return
  const facts = parseManifest(body, mediaType)
  const violation = await manifestViolation(ports, { name, facts, checks })
  if (violation === undefined) return
  const tag = reference.kind === 'tag' ? `:${printable(reference.tag, MAX_TAG)}` : ''
  const what = `${violation.rule} refuses ${printable(name, MAX_NAME)}${tag}`
  const reason = printable(`${what}: the manifest ${violation.reason}`, MAX_MESSAGE)
  throw new Refusal('DENIED', reason, { decision: { rule: violation.rule, reason } })
}
