import type { AuditAction } from '../../model/audit-event.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { compact } from './compact.ts'
import { pickFields } from './pick-fields.ts'

interface Classes {
  readonly category: string
  readonly type: string
}

const ECS_VERSION = '8.17.0'
const NANOSECONDS = 1e6

/** Values that Elastic allows together: https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference. */
const CLASSES: Readonly<Record<AuditAction, Classes>> = {
  pull: { category: 'api', type: 'access' },
  check: { category: 'api', type: 'access' },
  list: { category: 'api', type: 'access' },
  push: { category: 'api', type: 'creation' },
  mount: { category: 'api', type: 'creation' },
  overwrite: { category: 'api', type: 'change' },
  delete: { category: 'api', type: 'deletion' },
  login: { category: 'authentication', type: 'start' },
  token: { category: 'authentication', type: 'info' },
  'server.start': { category: 'process', type: 'start' },
  'server.stop': { category: 'process', type: 'end' },
  'config.reload': { category: 'configuration', type: 'change' },
  'cert.issue': { category: 'configuration', type: 'creation' },
  'cert.renew': { category: 'configuration', type: 'change' },
  'cert.load': { category: 'configuration', type: 'change' },
  'cert.expiring': { category: 'configuration', type: 'info' },
  'cert.revoke': { category: 'configuration', type: 'deletion' },
  'audit.rotate': { category: 'process', type: 'info' },
  'audit.checkpoint': { category: 'process', type: 'info' },
  'audit.gap': { category: 'process', type: 'info' },
  'audit.prune': { category: 'process', type: 'info' },
}
const UNKNOWN: Classes = { category: 'process', type: 'info' }

/**
 * A record as a document of the Elastic Common Schema; what the schema has no field for is below `landwaiter`.
 * Spec: https://www.elastic.co/docs/reference/ecs, 8.17.
 */
export function ecsDocumentOf(record: AuditRecord): Readonly<Record<string, unknown>> {
  const { actor, client_ip, tls } = record
  return compact({
    '@timestamp': record.time,
    ecs: { version: ECS_VERSION },
    event: eventOf(record),
    message: record.reason,
    user: { name: actor.name },
    source: { ip: client_ip },
    client: { ip: client_ip },
    user_agent: { original: record.user_agent },
    http: httpOf(record),
    url: { domain: record.host, path: record.path },
    container: { image: imageOf(record) },
    rule: { name: record.rule },
    tls: { version: tls, version_protocol: tls === undefined ? undefined : 'tls' },
    observer: { name: record.node, product: 'landwaiter', type: 'registry', version: record.version },
    related: relatedOf(record),
    landwaiter: ownOf(record),
  })
}

function eventOf(record: AuditRecord): object {
  const { action, outcome, duration_ms } = record
  const { category, type } = CLASSES[action] ?? UNKNOWN
  return {
    kind: 'event',
    category: [category],
    type: [type, ...(category === 'api' ? verdictOf(record) : [])],
    action,
    outcome: outcome === 'success' ? 'success' : 'failure',
    id: record.id,
    sequence: record.seq,
    duration: duration_ms === undefined ? undefined : Math.round(duration_ms * NANOSECONDS),
    reason: record.reason,
    hash: record.prev,
    provider: 'landwaiter',
    dataset: 'landwaiter.audit',
  }
}

function verdictOf({ outcome }: AuditRecord): readonly string[] {
  if (outcome === 'success') return ['allowed']
  return outcome === 'denied' ? ['denied'] : []
}

function httpOf(record: AuditRecord): object {
  const isRequest = record.method !== undefined
  return {
    request: {
      id: isRequest ? record.id : undefined,
      method: record.method,
      body: { bytes: record.bytes_in },
    },
    response: { status_code: record.status, body: { bytes: record.bytes_out } },
  }
}

/** A blob is no image. */
function imageOf({ repository, tag, digest, kind }: AuditRecord): object {
  const isImage = kind === 'manifest' || kind === 'index'
  return { name: repository, tag: listOf(tag), hash: { all: isImage ? listOf(digest) : [] } }
}

function relatedOf({ client_ip, peer_ip, actor, digest, previous_digest }: AuditRecord): object {
  return {
    ip: [...listOf(client_ip), ...listOf(peer_ip)],
    user: listOf(actor.name),
    hash: [...listOf(digest), ...listOf(previous_digest)],
  }
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value]
}

const OWN = [
  'kind',
  'outcome',
  'digest',
  'previous_digest',
  'removed_tags',
  'from',
  'media_type',
  'subject',
  'size',
  'image_size',
  'redirected',
  'peer_ip',
  'product',
  'scopes',
  'granted',
  'expires',
  'issuer',
  'serial',
  'pid',
  'config',
  'previous_stop',
  'file',
  'from_seq',
  'to_seq',
  'count',
  'key',
  'signature',
] as const satisfies readonly (keyof AuditRecord)[]

function ownOf(record: AuditRecord): object {
  const { kind, via, token_id, name_redacted } = record.actor
  return { ...pickFields(record, OWN), actor: { kind, via, token_id, name_redacted } }
}
