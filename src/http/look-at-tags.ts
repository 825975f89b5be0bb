import type { TaggedManifest } from '../model/tagged-manifest.ts'
import type { GuardedRequestPorts } from './guard-ports.ts'

/** Each is a request to the registry. */
const MAX_TAGS = 500
/** What a deletion may wait for its record. */
const DEADLINE_MS = 2_000

/**
 * The tags of the repository that `digest` is about to leave, to be written down; none when there are more than 500, or
 * the registry does not tell them within 2 s, which the log says. @throws the signal's reason.
 */
export async function lookAtTags(
  { taggedManifests, log }: Pick<GuardedRequestPorts, 'taggedManifests' | 'log'>,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
  digest: string,
): Promise<readonly TaggedManifest[]> {
  const unseen = (fields: object) => {
    log.debug('the tags that a deletion removes are not known', { repository: name, digest, ...fields })
    return []
  }
  signal.throwIfAborted()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
  try {
    const listing = await Promise.race([taggedManifests(name, deadline, MAX_TAGS), rejectAtEnd(deadline)])
    return listing.outcome === 'listed' ? listing.tags : unseen({ limit: listing.limit })
  } catch (error) {
    signal.throwIfAborted()
    return unseen({ error })
  }
}

function rejectAtEnd(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
