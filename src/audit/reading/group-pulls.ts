import type { AuditRecord } from '../audit-fields.ts'

/** One pull of an image: its manifests, and the blobs that were not there yet. */
export interface ImagePull {
  /** RFC 3339, of its last record. */
  readonly time: string
  readonly actor: string | undefined
  readonly client: string | undefined
  readonly repository: string
  readonly tag: string | undefined
  /** Of the first manifest, for several platforms that of the index. */
  readonly digest: string | undefined
  /** The worst of its records. */
  readonly outcome: AuditRecord['outcome']
  /** Why it is no success. */
  readonly reason: string | undefined
  /** Layers and configuration that were sent. */
  readonly blobs: number
  /** Bytes that were sent. */
  readonly bytes: number
  /** Some bytes came from the storage and are not counted. */
  readonly isRedirected: boolean
  readonly durationMs: number
}

/** Puts pulls of manifests and blobs together. */
export interface PullGrouping {
  /** Takes the next record; returns the pulls that are over. */
  readonly add: (record: AuditRecord) => readonly ImagePull[]
  /** The pulls that were not over. */
  readonly end: () => readonly ImagePull[]
}

interface OpenPull {
  readonly first: AuditRecord
  readonly startMs: number
  /** What was fetched of it, by digest. */
  readonly manifests: Set<string>
  readonly blobs: Set<string>
  last: AuditRecord
  outcome: AuditRecord['outcome']
  reason: string | undefined
  bytes: number
  isRedirected: boolean
}

/** Between the manifest and the request for a blob. */
const WINDOW_MS = 10 * 60_000
/** A large blob takes its time, and is written down when it has arrived. */
const LONGEST_MS = 60 * 60_000
const MOST_OPEN = 10_000
/** Images have at most 127 layers; more digests than this are not told apart. */
const MOST_DIGESTS = 1_000
const BADNESS: readonly string[] = ['success', 'aborted', 'limited', 'failed', 'denied']

/**
 * One `docker pull` is a manifest, or an index and a manifest of it, and then blobs of the same repository to the same
 * user at the same address within ten minutes. Two pulls of one repository by one client at once cannot be told apart:
 * their blobs count for the later one.
 */
export function createPullGrouping(): PullGrouping {
  // In the order of their beginnings.
  const open = new Map<string, OpenPull>()
  return {
    add: record => {
      const over = takeOver(open, Date.parse(record.time))
      const next = record.action === 'pull' ? addPull(open, record) : undefined
      return next === undefined ? over : [...over, next]
    },
    end: () => Array.from(open.values(), imageOf),
  }
}

function takeOver(open: Map<string, OpenPull>, now: number): readonly ImagePull[] {
  const over: ImagePull[] = []
  for (const [key, pull] of open) {
    if (pull.startMs + LONGEST_MS >= now && open.size < MOST_OPEN) break
    open.delete(key)
    over.push(imageOf(pull))
  }
  return over
}

function addPull(open: Map<string, OpenPull>, record: AuditRecord): ImagePull | undefined {
  const { actor, client_ip, repository, kind } = record
  if (repository === undefined) return undefined
  const key = JSON.stringify([actor.name, client_ip, repository])
  const pull = open.get(key)
  const isInTime = pull !== undefined && startOf(record) <= pull.startMs + WINDOW_MS
  if (kind === 'blob') {
    if (isInTime) extend(pull, record)
    return undefined
  }
  if (isInTime && isPartOf(pull, record)) {
    extend(pull, record)
    return undefined
  }
  open.delete(key)
  open.set(key, begin(record))
  return pull === undefined ? undefined : imageOf(pull)
}

/** A manifest of the index, or the same manifest again before any blob: some clients ask by tag, then by digest. */
function isPartOf({ first, manifests, blobs }: OpenPull, { kind, tag, digest }: AuditRecord): boolean {
  if (first.outcome !== 'success' || (tag !== undefined && tag !== first.tag)) return false
  if (digest !== undefined && manifests.has(digest)) return blobs.size === 0
  return first.kind === 'index' && kind === 'manifest'
}

function begin(record: AuditRecord): OpenPull {
  const pull: OpenPull = {
    first: record,
    startMs: startOf(record),
    manifests: new Set(),
    blobs: new Set(),
    last: record,
    outcome: 'success',
    reason: undefined,
    bytes: 0,
    isRedirected: false,
  }
  extend(pull, record)
  return pull
}

function startOf({ time, duration_ms = 0 }: AuditRecord): number {
  return Date.parse(time) - duration_ms
}

function extend(pull: OpenPull, record: AuditRecord): void {
  const { kind, digest, outcome, reason, bytes_out = 0, redirected } = record
  const digests = kind === 'blob' ? pull.blobs : pull.manifests
  if (digest !== undefined && digests.size < MOST_DIGESTS) digests.add(digest)
  pull.last = record
  pull.bytes += bytes_out
  pull.isRedirected ||= redirected === true
  if (BADNESS.indexOf(outcome) <= BADNESS.indexOf(pull.outcome)) return
  pull.outcome = outcome
  pull.reason = reason
}

function imageOf({ first, startMs, blobs, last, outcome, reason, bytes, isRedirected }: OpenPull): ImagePull {
  return {
    time: last.time,
    actor: first.actor.name,
    client: first.client_ip,
    repository: first.repository ?? '',
    tag: first.tag,
    digest: first.digest,
    outcome,
    reason,
    blobs: blobs.size,
    bytes,
    isRedirected,
    durationMs: Math.max(0, Math.round(Date.parse(last.time) - startMs)),
  }
}
