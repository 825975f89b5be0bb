import type { AuditRecord } from '../audit-fields.ts'

/**
 * One element of the envelope `{"events":[…]}` of media type `application/vnd.docker.distribution.events.v2+json`, its
 * keys in distribution's order.
 */
export interface DistributionEvent {
  readonly id: string
  readonly timestamp: string
  readonly action: 'pull' | 'push' | 'mount' | 'delete'
  readonly target: {
    readonly mediaType?: string | undefined
    readonly digest?: string | undefined
    /** Bytes; `length` is the same for older receivers. */
    readonly size?: number | undefined
    readonly length?: number | undefined
    readonly repository: string
    readonly fromRepository?: string | undefined
    readonly url?: string | undefined
    readonly tag?: string | undefined
  }
  readonly request: {
    readonly id: string
    readonly addr?: string | undefined
    readonly host?: string | undefined
    readonly method: string
    readonly useragent: string
  }
  /** Empty for an anonymous client. */
  readonly actor: { readonly name?: string | undefined }
  readonly source: { readonly addr: string }
}

const ACTIONS: Partial<Record<AuditRecord['action'], DistributionEvent['action']>> = {
  pull: 'pull',
  push: 'push',
  overwrite: 'push',
  mount: 'mount',
  delete: 'delete',
}
const KINDS: ReadonlySet<AuditRecord['kind']> = new Set(['manifest', 'index', 'blob', 'tag'])
const BLOB_TYPE = 'application/octet-stream'
const NOT_MODIFIED = 304

/**
 * What distribution would notify of this record, or undefined: it tells of manifests, blobs and tags that were pulled,
 * pushed, mounted or deleted, never of what failed. `id` is the same when the record is sent again.
 * Spec: https://distribution.github.io/distribution/about/notifications/.
 */
export function distributionEventOf(record: AuditRecord): DistributionEvent | undefined {
  const { seq, id, time, kind, outcome, status, repository } = record
  const action = ACTIONS[record.action]
  if (action === undefined || repository === undefined || !KINDS.has(kind)) return undefined
  if (outcome !== 'success' || status === NOT_MODIFIED) return undefined
  return {
    id: `${id}-${seq}`,
    timestamp: time,
    action,
    target: action === 'delete' ? deletedTarget(record, repository) : targetOf(record, repository),
    request: requestOf(record),
    actor: record.actor.kind === 'anonymous' ? {} : { name: record.actor.name },
    source: { addr: record.node },
  }
}

/** A deleted tag comes without its digest, which a receiver would take for deleted. */
function deletedTarget({ kind, tag, digest }: AuditRecord, repository: string): DistributionEvent['target'] {
  return kind === 'tag' ? { repository, tag } : { digest, repository }
}

function targetOf(record: AuditRecord, repository: string): DistributionEvent['target'] {
  const { kind, digest, size, from, tag } = record
  return {
    mediaType: kind === 'blob' ? BLOB_TYPE : record.media_type,
    digest,
    size,
    length: size,
    repository,
    fromRepository: from,
    url: urlOf(record),
    tag,
  }
}

function urlOf({ host, tls, repository, kind, digest }: AuditRecord): string | undefined {
  if (host === undefined || digest === undefined) return undefined
  const scheme = tls === undefined ? 'http' : 'https'
  return `${scheme}://${host}/v2/${repository}/${kind === 'blob' ? 'blobs' : 'manifests'}/${digest}`
}

function requestOf({ id, client_ip, host, method, user_agent }: AuditRecord): DistributionEvent['request'] {
  return { id, addr: client_ip, host, method: method ?? '', useragent: user_agent ?? '' }
}
