import type { AuditAction } from '../../model/audit-event.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { compact } from './compact.ts'

const EVENT_TYPE = 'http://schemas.dmtf.org/cloud/audit/1.0/event'

const HTTP_CODES = 'http://www.iana.org/assignments/http-status-codes/http-status-codes.xml'

/** CADF's action taxonomy. */
const ACTIONS: Readonly<Record<AuditAction, string>> = {
  pull: 'read',
  check: 'read',
  list: 'read/list',
  push: 'create',
  mount: 'create',
  overwrite: 'update',
  delete: 'delete',
  login: 'authenticate/login',
  token: 'authenticate',
  'server.start': 'start',
  'server.stop': 'stop',
  'config.reload': 'configure',
  'cert.issue': 'create',
  'cert.renew': 'renew',
  'cert.load': 'update',
  'cert.expiring': 'notify',
  'cert.revoke': 'revoke',
  'audit.rotate': 'monitor',
  'audit.checkpoint': 'monitor',
  'audit.gap': 'notify',
  'audit.prune': 'delete',
}

/** CADF's resource taxonomy. */
const TARGETS: Partial<Record<AuditRecord['kind'], string>> = {
  manifest: 'data/image',
  index: 'data/image',
  tag: 'data/image',
  blob: 'data/file',
  session: 'service/security',
  token: 'data/security/credential',
  config: 'data/config',
  certificate: 'data/security/key',
  audit: 'data/file/log',
  server: 'service',
}

/**
 * A record as an event of Cloud Auditing Data Federation.
 * Spec: DMTF DSP0262 1.0.0, §7.
 */
export function cadfEventOf(record: AuditRecord): Readonly<Record<string, unknown>> {
  const { outcome, status, reason } = record
  return compact({
    typeURI: EVENT_TYPE,
    id: `${record.id}-${record.seq}`,
    eventType: 'activity',
    eventTime: record.time,
    action: ACTIONS[record.action] ?? 'unknown',
    outcome: outcome === 'success' ? 'success' : 'failure',
    initiator: initiatorOf(record),
    target: targetOf(record),
    observer: { id: record.node, typeURI: 'service/storage', name: 'landwaiter' },
    reason: {
      reasonType: status === undefined ? undefined : HTTP_CODES,
      reasonCode: status === undefined ? undefined : String(status),
      policyId: reason === undefined ? undefined : record.rule,
    },
    attachments: attachmentsOf(record),
  })
}

function initiatorOf({ actor, client_ip, user_agent, node }: AuditRecord): object {
  const isSystem = actor.kind === 'system'
  const name = actor.name ?? (isSystem ? node : undefined)
  return {
    id: name ?? 'unknown',
    typeURI: isSystem ? 'service' : 'service/security/account/user',
    name,
    host: { address: client_ip, agent: user_agent },
  }
}

function targetOf(record: AuditRecord): object {
  const { repository, tag, digest, kind, host, node } = record
  const name =
    repository === undefined ? (host ?? node) : `${repository}${tag === undefined ? '' : `:${tag}`}`
  return { id: digest ?? name, typeURI: TARGETS[kind] ?? 'data', name }
}

/** What CADF has no property for: the reason in words, and the whole record. pycadf wants the type as a URI. */
function attachmentsOf(record: AuditRecord): readonly object[] {
  const type = 'application/json'
  return [{ name: 'record', typeURI: `mime:${type}`, contentType: type, content: record }]
}
