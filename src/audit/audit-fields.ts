import type { AuditActor, AuditEvent } from '../model/audit-event.ts'

/**
 * One line as it is written: the event, the schema version, the node and the line's number on that node. With
 * `audit.chain` also `prev`, the SHA-256 of the bytes of the line before, without its newline, in hex.
 */
export type AuditRecord = {
  readonly v: 1
  readonly node: string
  readonly seq: number
  readonly prev?: string | undefined
} & AuditEvent

/** One field of a line; `example` is its JSON value. */
interface AuditField {
  readonly name: keyof AuditRecord
  readonly type: string
  readonly example: string
  readonly meaning: string
}

/** Every field of a line, in the order of the line. Readers may rely on the order; within `v` 1 fields are only added. */
export const AUDIT_FIELDS = [
  { name: 'v', type: 'integer', example: '1', meaning: 'version of this schema' },
  {
    name: 'time',
    type: 'string',
    example: '"2026-11-24T16:06:00.123Z"',
    meaning: 'end of the operation, RFC 3339 UTC; it began `duration_ms` earlier',
  },
  { name: 'node', type: 'string', example: '"gw-1"', meaning: 'the landwaiter that wrote the line' },
  {
    name: 'seq',
    type: 'integer',
    example: '184467',
    meaning: 'one more with each line of a node; a gap is a loss',
  },
  {
    name: 'id',
    type: 'string',
    example: '"01JDF3Z8K3T9V7Q6M2X4B5C6D7"',
    meaning: 'ULID of the request; the client has it as `X-Request-Id`',
  },
  {
    name: 'action',
    type: 'string',
    example: '"push"',
    meaning:
      '`pull`, `check` (HEAD), `push`, `overwrite` (a tag that pointed elsewhere), `delete`, `mount`, `list`, `login`, `token`, `server.start`, `server.stop`, `config.reload`, `cert.issue`, `cert.renew`, `cert.load` (somebody else stored it), `cert.expiring`, `cert.revoke`, `audit.rotate` (first line of a new file), `audit.checkpoint` (signed), `audit.gap` (lines are lost), `audit.prune` (an old file was removed)',
  },
  {
    name: 'kind',
    type: 'string',
    example: '"manifest"',
    meaning:
      'what it was done to: `manifest`, `index`, `blob`, `tag`, `tags`, `catalog`, `referrers`, `session` (a login, a ping, a step of an upload), `token`, `config`, `server`, `certificate`, `audit`',
  },
  {
    name: 'outcome',
    type: 'string',
    example: '"success"',
    meaning:
      '`success`, `denied`, `failed` (the registry or a check said no), `aborted` (one side left midway)',
  },
  { name: 'status', type: 'integer', example: '201', meaning: 'HTTP status sent to the client' },
  {
    name: 'actor',
    type: 'object',
    example: '{"name":"developer","kind":"user","via":"token"}',
    meaning:
      'who: `name` (`anonymous` without a login), `kind` (`user`, `anonymous`, `system`), `via` (`token`, or what checked the password), `token_id`; `name_redacted` replaces a name of a failed login that may be a mistyped password',
  },
  {
    name: 'client_ip',
    type: 'string',
    example: '"203.0.113.7"',
    meaning: 'the client, behind trusted proxies too',
  },
  {
    name: 'peer_ip',
    type: 'string',
    example: '"10.0.0.2"',
    meaning: 'the trusted proxy that the request came through',
  },
  { name: 'repository', type: 'string', example: '"team/web"', meaning: 'repository' },
  {
    name: 'tag',
    type: 'string',
    example: '"1.4.2"',
    meaning: 'tag of the request, or the one that the same client had just resolved to this digest',
  },
  { name: 'digest', type: 'string', example: '"sha256:9b2c…"', meaning: 'digest of the manifest or blob' },
  {
    name: 'previous_digest',
    type: 'string',
    example: '"sha256:11a0…"',
    meaning: 'what the tag pointed to before it was overwritten or deleted',
  },
  {
    name: 'removed_tags',
    type: 'list',
    example: '["dev","latest"]',
    meaning: 'tags that went with a deleted digest, in repositories whose tags are guarded',
  },
  {
    name: 'from',
    type: 'string',
    example: '"team/base"',
    meaning: 'repository that a blob was mounted from',
  },
  {
    name: 'media_type',
    type: 'string',
    example: '"application/vnd.oci.image.index.v1+json"',
    meaning: 'media type of the manifest',
  },
  { name: 'size', type: 'integer', example: '1580', meaning: 'bytes of the whole object' },
  {
    name: 'bytes_in',
    type: 'integer',
    example: '1580',
    meaning: 'bytes that the client sent; with a pushed blob those of its whole upload',
  },
  {
    name: 'bytes_out',
    type: 'integer',
    example: '1580',
    meaning: 'bytes of the body that the client was sent',
  },
  {
    name: 'redirected',
    type: 'true',
    example: 'true',
    meaning: 'the client was sent to the storage, so the bytes are not known',
  },
  {
    name: 'duration_ms',
    type: 'number',
    example: '12.4',
    meaning: 'from the request to the end of the answer',
  },
  { name: 'method', type: 'string', example: '"PUT"', meaning: 'HTTP method' },
  {
    name: 'path',
    type: 'string',
    example: '"/v2/team/web/manifests/1.4.2"',
    meaning: 'path, never the query',
  },
  {
    name: 'host',
    type: 'string',
    example: '"registry.example.com"',
    meaning: 'host as the client typed it; of a certificate its name',
  },
  { name: 'user_agent', type: 'string', example: '"docker/27.3.1"', meaning: 'at most 256 characters' },
  { name: 'tls', type: 'string', example: '"1.3"', meaning: 'TLS version; absent without TLS' },
  {
    name: 'rule',
    type: 'string',
    example: '"acl[3]"',
    meaning: 'the rule that decided; `default-deny` when none matched, `authentication` for a refused proof',
  },
  {
    name: 'reason',
    type: 'string',
    example: '"no rule allows push on prod/api for developer"',
    meaning: 'why it was not a success, as the client was told',
  },
  {
    name: 'scopes',
    type: 'array',
    example: '["repository:team/web:pull,push"]',
    meaning: 'access asked of a token',
  },
  {
    name: 'granted',
    type: 'array',
    example: '["repository:team/web:pull"]',
    meaning: 'access that the token holds',
  },
  {
    name: 'expires',
    type: 'string',
    example: '"2026-11-24T16:11:04.000Z"',
    meaning: 'end of the token or of the certificate',
  },
  { name: 'issuer', type: 'string', example: '"letsencrypt"', meaning: 'authority of the certificate' },
  { name: 'serial', type: 'string', example: '"04A1…"', meaning: 'serial number of the certificate' },
  { name: 'version', type: 'string', example: '"0.1.0"', meaning: 'of `server.start`: the running version' },
  {
    name: 'file',
    type: 'string',
    example: '"audit-2026-11-24T16-06-00.123.jsonl"',
    meaning: 'of `audit.rotate`: the file before this one; of `audit.prune`: the file that was removed',
  },
  {
    name: 'from_seq',
    type: 'integer',
    example: '101',
    meaning: 'of `audit.gap`: first number that no line has',
  },
  {
    name: 'to_seq',
    type: 'integer',
    example: '104',
    meaning: 'of `audit.gap`: last number that no line has; the next one is this line',
  },
  { name: 'count', type: 'integer', example: '4', meaning: 'of `audit.gap`: how many lines are lost' },
  {
    name: 'key',
    type: 'string',
    example: '"5f0c2a9e1b7d4c38"',
    meaning: 'of `audit.checkpoint`: the key that signed, by the SHA-256 of its public half',
  },
  {
    name: 'signature',
    type: 'string',
    example: '"mJ3x…"',
    meaning: 'of `audit.checkpoint`: Ed25519 over node, `seq` and `prev`, base64url',
  },
  {
    name: 'prev',
    type: 'string',
    example: '"3f7a…"',
    meaning: 'SHA-256 of the line before, with `audit.chain`; always last',
  },
] as const satisfies readonly AuditField[]

/** The keys of `actor`, in the order of the line. */
export const ACTOR_KEYS = [
  'name',
  'name_redacted',
  'kind',
  'via',
  'token_id',
] as const satisfies readonly (keyof AuditActor)[]

type Unlisted =
  | Exclude<keyof AuditRecord, (typeof AUDIT_FIELDS)[number]['name']>
  | Exclude<keyof AuditActor, (typeof ACTOR_KEYS)[number]>

/** Does not compile when a field of `AuditEvent` or `AuditActor` is missing above. */
const everyFieldIsListed: [Unlisted] extends [never] ? true : never = true
void everyFieldIsListed
