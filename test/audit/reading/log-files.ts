import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { auditLine } from '../../support/audit-line.ts'

/** A record of a pulled manifest, with what a test says of it. */
export function record(fields: Partial<AuditRecord> = {}): AuditRecord {
  const seq = fields.seq ?? 1
  return {
    v: 1,
    time: new Date(Date.UTC(2026, 10, 24, 16, 0, seq)).toISOString(),
    node: 'gw-1',
    seq,
    id: `01JDF3Z8K3T9V7Q6M2X4B5C6D7`,
    action: 'pull',
    kind: 'manifest',
    outcome: 'success',
    status: 200,
    actor: { name: 'ann', kind: 'user', via: 'token' },
    client_ip: '203.0.113.7',
    repository: 'team/web',
    tag: '1.0',
    ...fields,
  }
}

/** Lines as the log has them. */
export function linesOf(records: readonly AuditRecord[]): string {
  return records.map(auditLine).join('')
}

/** Lines `from` to `to`. */
export function lines(from: number, to: number): string {
  return linesOf(Array.from({ length: to - from + 1 }, (_, at) => record({ seq: from + at })))
}

/** Writes a file, compressed when its name says so. */
export function writeLog(file: string, text: string): void {
  writeFileSync(file, file.endsWith('.gz') ? gzipSync(text) : text)
}
