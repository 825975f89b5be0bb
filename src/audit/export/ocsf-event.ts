import type { AuditAction } from '../../model/audit-event.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { compact } from './compact.ts'
import { pickFields } from './pick-fields.ts'

const OCSF_VERSION = '1.6.0'
const STATUS = { success: { id: 1, name: 'Success' }, failure: { id: 2, name: 'Failure' } } as const
const SEVERITY = { informational: 1, low: 2, medium: 3 } as const
const USER_TYPES = { user: 1, system: 3, anonymous: 0 } as const

interface EventClass {
  readonly category: number
  readonly class: number
  readonly activity: number
  readonly activityName: string
}

function apiActivity(activity: number, activityName: string): EventClass {
  return { category: 6, class: 6003, activity, activityName }
}

const READ = apiActivity(2, 'Read')
const CREATE = apiActivity(1, 'Create')
/** Authorize Session wants what was granted. */
const EMPTY_TOKEN: EventClass = { category: 3, class: 3002, activity: 99, activityName: 'Token' }
/** What no class is made for. */
const BASE_EVENT: EventClass = { category: 0, class: 0, activity: 99, activityName: 'Other' }

const CLASSES: Partial<Record<AuditAction, EventClass>> = {
  pull: READ,
  check: READ,
  list: READ,
  push: CREATE,
  mount: CREATE,
  overwrite: apiActivity(3, 'Update'),
  delete: apiActivity(4, 'Delete'),
  login: { category: 3, class: 3002, activity: 1, activityName: 'Logon' },
  token: { category: 3, class: 3003, activity: 1, activityName: 'Assign Privileges' },
  'server.start': { category: 6, class: 6002, activity: 3, activityName: 'Start' },
  'server.stop': { category: 6, class: 6002, activity: 4, activityName: 'Stop' },
}

/**
 * A record as an event of the Open Cybersecurity Schema Framework: API Activity, Authentication for logins and for tokens
 * that grant nothing, Authorize Session for other tokens, Application Lifecycle for the server, else a Base Event.
 * Spec: https://schema.ocsf.io/1.6.0.
 */
export function ocsfEventOf(record: AuditRecord): Readonly<Record<string, unknown>> {
  const of = classOf(record)
  return compact({ ...frameOf(record, of), ...bodyOf(record, of), unmapped: pickFields(record, UNMAPPED) })
}

function classOf({ action, granted = [] }: AuditRecord): EventClass {
  if (action === 'token' && granted.length === 0) return EMPTY_TOKEN
  return CLASSES[action] ?? BASE_EVENT
}

function frameOf(record: AuditRecord, of: EventClass): object {
  const status = record.outcome === 'success' ? STATUS.success : STATUS.failure
  return {
    time: Date.parse(record.time),
    category_uid: of.category,
    class_uid: of.class,
    activity_id: of.activity,
    activity_name: of.class === 0 ? record.action : of.activityName,
    type_uid: of.class * 100 + of.activity,
    severity_id: severityOf(record),
    status_id: status.id,
    status: status.name,
    status_code: record.status === undefined ? undefined : String(record.status),
    status_detail: record.reason,
    metadata: {
      version: OCSF_VERSION,
      profiles: ['host'],
      product: { name: 'landwaiter', vendor_name: 'landwaiter', version: record.version },
      uid: record.id,
      sequence: record.seq,
      log_name: 'audit',
      log_version: String(record.v),
      event_code: `${record.action}/${record.kind}/${record.outcome}`,
    },
    device: { name: record.node, hostname: record.node, type_id: 1 },
  }
}

/** Lost lines of the log are worse than a denial. */
function severityOf({ action, outcome }: AuditRecord): number {
  if (action === 'audit.gap') return SEVERITY.medium
  return outcome === 'denied' ? SEVERITY.low : SEVERITY.informational
}

function bodyOf(record: AuditRecord, of: EventClass): object {
  const user = { name: record.actor.name ?? 'unknown', type_id: USER_TYPES[record.actor.kind] ?? 99 }
  if (of.class === 0) return { message: record.action }
  if (of.class === 6002)
    return { app: { name: 'landwaiter', vendor_name: 'landwaiter', version: record.version } }
  const request = requestOf(record)
  if (of.class === 3002) {
    const service = { name: record.host ?? 'landwaiter' }
    return { ...request, user, service, is_remote: true, auth_protocol: record.actor.via }
  }
  if (of.class === 3003) {
    return {
      ...request,
      user,
      privileges: record.granted,
      session: { expiration_time: msOf(record.expires) },
    }
  }
  return {
    ...request,
    actor: { user: { ...user, credential_uid: record.actor.token_id } },
    api: {
      operation: `${record.action} ${record.kind}`,
      service: { name: 'landwaiter' },
      request: { uid: record.id },
    },
    resources: resourcesOf(record),
  }
}

function msOf(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

function requestOf({ client_ip, peer_ip, ...record }: AuditRecord): object {
  const hasPeer = peer_ip !== undefined
  return {
    // An endpoint must have something.
    src_endpoint: {
      ip: client_ip,
      name: client_ip === undefined ? 'unknown' : undefined,
      intermediate_ips: hasPeer ? [peer_ip] : [],
    },
    http_request: {
      uid: record.id,
      http_method: record.method,
      user_agent: record.user_agent,
      url: { hostname: record.host, path: record.path },
      body_length: record.bytes_in,
    },
    http_response: responseOf(record),
  }
}

function responseOf({ status, bytes_out, duration_ms }: Partial<AuditRecord>): object | undefined {
  if (status === undefined) return undefined
  const latency = duration_ms === undefined ? undefined : Math.round(duration_ms)
  return { code: status, body_length: bytes_out, latency }
}

function resourcesOf({ kind, repository, tag, digest }: AuditRecord): readonly object[] {
  if (repository === undefined) return []
  const name = tag === undefined ? repository : `${repository}:${tag}`
  return [compact({ name, type: kind, uid: digest })]
}

const UNMAPPED = [
  'previous_digest',
  'removed_tags',
  'from',
  'media_type',
  'subject',
  'size',
  'image_size',
  'redirected',
  'product',
  'tls',
  'rule',
  'scopes',
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
  'prev',
] as const satisfies readonly (keyof AuditRecord)[]
