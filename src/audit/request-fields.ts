import type { AuditField } from './audit-field.ts'

/** The fields of every line and of what clients do, in the order of the line. */
export const REQUEST_FIELDS = [
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
      '`success`, `denied`, `failed` (the registry or a check said no), `aborted` (one side left midway), `limited` (too much at once: 429, or 503 while too many log in)',
  },
  { name: 'status', type: 'integer', example: '201', meaning: 'HTTP status sent to the client' },
  {
    name: 'actor',
    type: 'object',
    example: '{"name":"developer","kind":"user","via":"token"}',
    meaning:
      'who: `name` (`anonymous` without a login), `kind` (`user`, `anonymous`, `system`), `via` (`token`, or what checked the password), `token_id` (the token used; of a login or a token, the one issued); `name_redacted` replaces a name of a failed login that may be a mistyped password',
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
    meaning:
      'tags that went with a deleted digest; what finds no room in the line is counted: `+7 more`. Absent when they could not be looked at',
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
  {
    name: 'subject',
    type: 'string',
    example: '"sha256:77aa…"',
    meaning: 'of a push: the manifest that the pushed one signs or describes (signature, SBOM, attestation)',
  },
  { name: 'size', type: 'integer', example: '1580', meaning: 'bytes of the whole object' },
  {
    name: 'image_size',
    type: 'integer',
    example: '73400320',
    meaning:
      'of an image pushed or pulled: bytes of its configuration and layers, as the manifest lists them; not of an index',
  },
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
  {
    name: 'user_agent',
    type: 'string',
    example: '"docker/27.3.1 go/go1.22.7 …"',
    meaning: 'as the client calls itself; at most 256 characters',
  },
  {
    name: 'product',
    type: 'string',
    example: '"docker 27.3.1"',
    meaning: 'the same in a few words: program and version',
  },
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
    meaning: 'why it was not a success, as the client was told; of `aborted`: whose side broke off',
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
] as const satisfies readonly AuditField[]
