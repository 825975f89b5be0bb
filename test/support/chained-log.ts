import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AUDIT_FIELDS, type AuditRecord } from '../../src/audit/audit-fields.ts'

const FIRST_TIME = Date.parse('2026-11-24T16:00:00.000Z')
const ACTIVE = 'audit.jsonl'

export interface LogSettings {
  readonly node?: string
  /** Key of the checkpoints; one is made otherwise. */
  readonly key?: KeyObject
  /** Of the first line. */
  readonly firstSeq?: number
}

/** A log as the server writes it, made line by line. */
export interface ChainedLog {
  /** Names of the files and their lines, oldest first; the active one is `audit.jsonl`. */
  readonly files: Map<string, string[]>
  /** Switched off, lines have no `prev`. */
  isChained: boolean
  node: string
  readonly publicKey: string
  readonly keyId: string
  /** Appends that many usual lines. */
  pulls(count: number): void
  line(fields: Partial<AuditRecord>): void
  checkpoint(): void
  /** Leaves out numbers, and says so. */
  gap(count: number): void
  /** Gives the active file this name and begins the next one. */
  rotate(name: string): void
  /** Text of the head file as of now. */
  head(): string
  /** Writes the files, compressed when their name ends in `.gz`, and `head.json` and `key.pub.pem` beside them. */
  write(directory: string): void
}

/** An empty log of which each line follows the one before. */
export function createChainedLog({
  node = 'gw-1',
  key = newKey(),
  firstSeq = 1,
}: LogSettings = {}): ChainedLog {
  const files = new Map<string, string[]>([[ACTIVE, []]])
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const keyId = hash('sha256', createPublicKey(key).export({ type: 'spki', format: 'der' })).slice(0, 16)
  let seq = firstSeq - 1
  let last = '0'.repeat(64)
  const signed = (text: string) => sign(null, Buffer.from(text), key).toString('base64url')
  const own = (action: AuditRecord['action'], fields: Partial<AuditRecord>) =>
    log.line({ action, kind: 'audit', actor: { kind: 'system' }, ...fields })
  const log: ChainedLog = {
    files,
    isChained: true,
    node,
    publicKey,
    keyId,
    pulls: count => {
      for (let done = 0; done < count; done += 1)
        log.line({ repository: `team/app-${seq % 7}`, bytes_out: seq })
    },
    line: fields => {
      seq += 1
      const text = stringify({ ...usual(seq, log.node), ...fields, prev: log.isChained ? last : undefined })
      files.get(ACTIVE)?.push(text)
      last = hash('sha256', text)
    },
    checkpoint: () => {
      const text = `landwaiter audit checkpoint\n${log.node}\n${seq + 1}\n${last}`
      own('audit.checkpoint', { key: keyId, signature: signed(text) })
    },
    gap: count => {
      const [from, to] = [seq + 1, seq + count]
      seq = to
      own('audit.gap', { outcome: 'failed', from_seq: from, to_seq: to, count, reason: 'the disk was full' })
    },
    rotate: name => {
      files.set(name, files.get(ACTIVE) ?? [])
      files.delete(ACTIVE)
      files.set(ACTIVE, [])
      own('audit.rotate', { file: name.replace(/\.gz$/, '') })
    },
    head: () => {
      const signature = signed(`landwaiter audit head\n${log.node}\n${seq}\n${last}`)
      const head = {
        v: 1,
        file: '/var/log/audit.jsonl',
        node: log.node,
        seq,
        hash: last,
        time: timeAt(seq),
        waiting: 0,
        key: keyId,
        signature,
      }
      return `${JSON.stringify(head).padEnd(1023)}\n`
    },
    write: directory => {
      for (const [name, lines] of files) {
        const text = lines.map(line => `${line}\n`).join('')
        writeFileSync(join(directory, name), name.endsWith('.gz') ? gzipSync(text) : text)
      }
      writeFileSync(join(directory, 'head.json'), log.head())
      writeFileSync(join(directory, 'key.pub.pem'), publicKey)
    },
  }
  return log
}

/** A key for checkpoints. */
export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey
}

function usual(seq: number, node: string): Partial<AuditRecord> {
  const digest = `sha256:${hash('sha256', String(seq))}`
  return {
    v: 1,
    time: timeAt(seq),
    node,
    seq,
    id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
    action: 'pull',
    kind: 'blob',
    outcome: 'success',
    status: 200,
    actor: { name: 'developer', kind: 'user', via: 'token' },
    client_ip: '203.0.113.7',
    digest,
    method: 'GET',
    path: `/v2/team/app/blobs/${digest}`,
    user_agent: 'docker/27.3.1',
  }
}

function timeAt(seq: number): string {
  return new Date(FIRST_TIME + seq * 100).toISOString()
}

function stringify(record: Partial<AuditRecord>): string {
  return JSON.stringify(Object.fromEntries(AUDIT_FIELDS.map(({ name }) => [name, record[name]])))
}
