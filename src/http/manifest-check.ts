import type { ManifestFacts } from '../model/manifest-facts.ts'
import { imageLabels, isImageConfig } from '../oci/image-labels.ts'
import { parseManifest } from '../oci/manifest.ts'
import type { ManifestChecks, Violation } from '../policy/manifest-rules.ts'
import { shortDigest } from './digest-of.ts'
import type { GuardLookups } from './guard-ports.ts'

/** Far more than there are platforms; each is a request to the registry. */
const MAX_CHILDREN = 100
const TOO_MANY = `is an index of more than ${MAX_CHILDREN} manifests`
/** An index of indexes is allowed by the specification; deeper ones are not known to exist. */
const MAX_NESTING = 2
/** BuildKit's attestations are children of the index that are no images, so nobody labels them. */
const REFERENCE_TYPE = 'vnd.docker.reference.type'

type Lookups = Pick<GuardLookups, 'fetchContent'>

/** A pushed manifest and the rules for it. */
export interface ManifestCheck {
  readonly name: string
  readonly facts: ManifestFacts
  readonly checks: ManifestChecks
}

/** One image of a push; `digest` when it is a child of an index. `fault` says why there is none to look at. */
type Found =
  | { readonly image: ManifestFacts; readonly digest?: string; readonly isAttestation: boolean }
  | { readonly fault: string }

/**
 * The first rule that a push breaks. Sizes are those that manifests declare: whoever declares less makes an image
 * that clients refuse. Of an index each image counts for itself; the children are there already when it comes. An
 * index that cannot be looked through is a violation.
 * @throws OciError for a child that is malformed, and whatever the look-ups throw.
 */
export async function manifestViolation(
  lookups: Lookups,
  { name, facts, checks }: ManifestCheck,
): Promise<Violation | undefined> {
  const own = checks.ofManifest(facts)
  if (own !== undefined || !(checks.measures || checks.readsLabels)) return own
  for await (const found of imagesOf(lookups, { name, facts, seen: new Set(), nesting: 0 })) {
    if ('fault' in found) return { rule: 'manifest_rules', reason: found.fault }
    const { image, digest, isAttestation } = found
    const violation =
      checks.ofSize(image) ??
      (checks.readsLabels && !isAttestation
        ? checks.ofLabels(await labelsOf(lookups, name, image))
        : undefined)
    if (violation !== undefined) return digest === undefined ? violation : ofChild(violation, digest)
  }
  return undefined
}

async function* imagesOf(
  lookups: Lookups,
  parent: {
    readonly name: string
    readonly facts: ManifestFacts
    readonly seen: Set<string>
    readonly nesting: number
  },
): AsyncGenerator<Found> {
  const { name, facts, seen, nesting } = parent
  if (facts.kind !== 'index') {
    yield { image: facts, isAttestation: false }
    return
  }
  if (nesting === MAX_NESTING) {
    yield { fault: 'is an index that is nested too deep to be checked' }
    return
  }
  for (const { digest, mediaType, annotations } of facts.manifests) {
    if (seen.has(digest)) continue
    seen.add(digest)
    const stored = seen.size > MAX_CHILDREN ? undefined : await fetchManifest(lookups, name, digest)
    if (stored === undefined) {
      yield {
        fault:
          seen.size > MAX_CHILDREN
            ? TOO_MANY
            : `holds ${shortDigest(digest)}, which is not in the repository`,
      }
      return
    }
    const child = parseManifest(stored, mediaType)
    if (child.kind === 'index') yield* imagesOf(lookups, { name, facts: child, seen, nesting: nesting + 1 })
    else
      yield {
        image: child,
        digest,
        isAttestation: annotations.get(REFERENCE_TYPE) === 'attestation-manifest',
      }
  }
}

function fetchManifest({ fetchContent }: Lookups, name: string, digest: string) {
  return fetchContent({ name, kind: 'manifest', reference: digest })
}

async function labelsOf(
  lookups: Lookups,
  name: string,
  { config }: ManifestFacts,
): Promise<ReadonlyMap<string, string>> {
  if (config === undefined || !isImageConfig(config.mediaType)) return new Map()
  const blob = await lookups.fetchContent({ name, kind: 'blob', reference: config.digest })
  return blob === undefined ? new Map() : imageLabels(blob)
}

function ofChild({ rule, reason }: Violation, digest: string): Violation {
  return { rule, reason: `holds ${shortDigest(digest)}, which ${reason}` }
}
