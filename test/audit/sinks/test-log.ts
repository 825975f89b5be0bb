import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** An audit log that a test writes and rotates. */
export interface TestLog {
  readonly dir: string
  readonly file: string
  /** Appends that many lines; returns their numbers. */
  append(count?: number, fields?: Partial<AuditRecord>): readonly number[]
  lastSeq(): number
  /** By rename, under a name of logrotate; the new file does not exist before the next line. Returns the name. */
  rotate(): string
  copyTruncate(): string
  gzip(name: string): void
  /** Goes on with another number, as after a loss. */
  skipTo(seq: number): void
}

/** An empty log in a directory of its own. */
export function createTestLog(t: Scope): TestLog {
  const dir = tempDir(t)
  const file = join(dir, 'audit.jsonl')
  let seq = 0
  let rotations = 0
  const nextName = () => join(dir, `audit.jsonl-${20_261_100 + ++rotations}`)
  return {
    dir,
    file,
    append: (count = 1, fields = {}) => {
      const numbers = Array.from({ length: count }, () => ++seq)
      appendFileSync(file, numbers.map(number => `${lineOf(number, fields)}\n`).join(''))
      return numbers
    },
    lastSeq: () => seq,
    rotate: () => {
      const name = nextName()
      renameSync(file, name)
      return name
    },
    copyTruncate: () => {
      const name = nextName()
      copyFileSync(file, name)
      truncateSync(file)
      return name
    },
    gzip: name => {
      writeFileSync(`${name}.gz`, gzipSync(readFileSync(name)))
      rmSync(name)
    },
    skipTo: number => {
      seq = number - 1
    },
  }
}

/** A line as landwaiter writes it: a push of a manifest unless told. */
export function lineOf(seq: number, fields: Partial<AuditRecord> = {}): string {
  return JSON.stringify(recordOf(seq, fields))
}

/** The record of that line. */
export function recordOf(seq: number, fields: Partial<AuditRecord> = {}): AuditRecord {
  return {
    v: 1,
    time: new Date(Date.UTC(2026, 10, 24, 16, 6, 0, seq)).toISOString(),
    node: 'gw-1',
    seq,
    id: `01JDF3Z8K3T9V7Q6M2X4${String(seq).padStart(6, '0')}`,
    action: 'push',
    kind: 'manifest',
    outcome: 'success',
    status: 201,
    actor: { name: 'ci-web', kind: 'user', via: 'token' },
    client_ip: '203.0.113.7',
    repository: 'team/web',
    tag: `1.0.${seq}`,
    digest: `sha256:${String(seq).padStart(64, '0')}`,
    media_type: 'application/vnd.oci.image.manifest.v1+json',
    size: 1580,
    bytes_in: 1580,
    duration_ms: 12.4,
    method: 'PUT',
    path: `/v2/team/web/manifests/1.0.${seq}`,
    host: 'registry.test',
    user_agent: 'docker/27.3.1 ü',
    tls: '1.3',
    rule: 'acl[3]',
    ...fields,
  }
}
