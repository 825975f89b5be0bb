import { isIPv6 } from 'node:net'
import type { AuditRecord } from '../audit-fields.ts'

/** 0 to 10. */
const SEVERITIES: Partial<Record<AuditRecord['outcome'], number>> = {
  success: 3,
  aborted: 4,
  failed: 5,
  limited: 5,
  denied: 6,
}
const GAP_SEVERITY = 8
const UNKNOWN_SEVERITY = 5

type Pair = readonly [key: string, value: string | number | undefined]

/**
 * A record as a line of the Common Event Format, without a newline.
 * Spec: ArcSight CEF, version 0 (implementation standard 26): `\` and `|` are escaped in the header, `\` and `=` in the
 * extension, where a line break is `\n`.
 */
export function cefLineOf(record: AuditRecord): string {
  const { action, kind } = record
  const name = action.includes('.') ? action : `${kind} ${action}`
  const header = [
    'CEF:0',
    'landwaiter',
    'landwaiter',
    String(record.v),
    `${action}/${kind}`,
    name,
    String(severityOf(record)),
  ]
  const extension = pairsOf(record).flatMap(([key, value]) =>
    value === undefined || value === '' ? [] : [`${key}=${escapeValue(String(value))}`],
  )
  return `${header.map(escapeHeader).join('|')}|${extension.join(' ')}`
}

function severityOf({ action, outcome }: AuditRecord): number {
  return action === 'audit.gap' ? GAP_SEVERITY : (SEVERITIES[outcome] ?? UNKNOWN_SEVERITY)
}

function pairsOf(record: AuditRecord): readonly Pair[] {
  return [
    ['rt', Date.parse(record.time)],
    ['externalId', record.id],
    ['dvchost', record.node],
    ['act', record.action],
    ['outcome', record.outcome],
    ['reason', record.reason],
    ['suser', record.actor.name],
    ...addressOf(record.client_ip),
    ['dhost', record.host],
    ['requestMethod', record.method],
    ['request', record.path],
    ['requestClientApplication', record.user_agent],
    ['in', record.bytes_in],
    ['out', record.bytes_out],
    ['fileHash', record.digest],
    ['fsize', record.image_size ?? record.size],
    ...labelled('cs1', 'repository', record.repository),
    ...labelled('cs2', 'tag', record.tag),
    ...labelled('cs3', 'digest', record.digest),
    ...labelled('cs4', 'rule', record.rule),
    ...labelled('cs5', 'previousDigest', record.previous_digest),
    ...labelled('cs6', 'tokenId', record.actor.token_id),
    ...labelled('cn1', 'status', record.status),
    ...labelled('cn2', 'seq', record.seq),
    ...labelled(
      'cn3',
      'durationMs',
      record.duration_ms === undefined ? undefined : Math.round(record.duration_ms),
    ),
  ]
}

/** `src` takes IPv4 only. */
function addressOf(address: string | undefined): readonly Pair[] {
  if (address === undefined) return []
  return isIPv6(address) ? labelled('c6a2', 'Source IPv6 Address', address) : [['src', address]]
}

function labelled(key: string, label: string, value: string | number | undefined): readonly Pair[] {
  return value === undefined
    ? []
    : [
        [key, value],
        [`${key}Label`, label],
      ]
}

function escapeHeader(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[\\|]/g, '\\$&')
}

function escapeValue(text: string): string {
  return text.replace(/[\\=]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n')
}
