/** What a client can do to the registry. */
export const REGISTRY_ACTIONS = [
  'pull',
  'check',
  'push',
  'overwrite',
  'delete',
  'mount',
  'list',
  'login',
  'token',
] as const

/** What happens to our own certificates. */
export const CERTIFICATE_ACTIONS = [
  'cert.issue',
  'cert.renew',
  'cert.load',
  'cert.expiring',
  'cert.revoke',
] as const

/** What the audit log tells of itself. */
export const AUDIT_LOG_ACTIONS = ['audit.rotate', 'audit.checkpoint', 'audit.gap', 'audit.prune'] as const

/** Closed list of what a line can be about; `action` + `kind` + `outcome` is the key for alerts. */
export const AUDIT_ACTIONS = [
  ...REGISTRY_ACTIONS,
  'server.start',
  'server.stop',
  'config.reload',
  ...CERTIFICATE_ACTIONS,
  ...AUDIT_LOG_ACTIONS,
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** What a client can do it to. */
export const REGISTRY_KINDS = [
  'manifest',
  'index',
  'blob',
  'tag',
  'tags',
  'catalog',
  'referrers',
  'session',
  'token',
] as const

/** Closed list of what a line can be about. */
export const AUDIT_KINDS = [...REGISTRY_KINDS, 'config', 'server', 'certificate', 'audit'] as const
export type AuditKind = (typeof AUDIT_KINDS)[number]

/**
 * `failed`: the upstream or a check said no; `aborted`: the client or the upstream left midway; `limited`: too much at
 * once, so that nobody looked at it.
 */
export const AUDIT_OUTCOMES = ['success', 'denied', 'failed', 'aborted', 'limited'] as const
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

export interface AuditActor {
  /** `anonymous` for the empty user; absent when the name given at a failed login looks like no name. */
  readonly name?: string | undefined
  readonly name_redacted?: true | undefined
  readonly kind: 'user' | 'anonymous' | 'system'
  /** How this request proved who it is: a backend (`static`) or `token`. */
  readonly via?: string | undefined
  readonly token_id?: string | undefined
}

/**
 * What happened, once. Keys are wire names; absent or undefined, never null; times RFC 3339 UTC with ms,
 * durations in ms, sizes in bytes. The writer adds `v`, `node` and `seq` and fixes the key order.
 */
export interface AuditEvent {
  /** Completion; the start is `time` minus `duration_ms`. */
  readonly time: string
  /** ULID of the request, also sent to the client as `X-Request-Id`. */
  readonly id: string
  readonly action: AuditAction
  readonly kind: AuditKind
  readonly outcome: AuditOutcome
  readonly status?: number | undefined
  readonly actor: AuditActor
  readonly client_ip?: string | undefined
  /** The TCP peer, when it is a trusted proxy and so differs from the client. */
  readonly peer_ip?: string | undefined
  readonly repository?: string | undefined
  readonly tag?: string | undefined
  readonly digest?: string | undefined
  readonly previous_digest?: string | undefined
  /** Tags that went with a deleted digest. */
  readonly removed_tags?: readonly string[] | undefined
  /** Repository that a mount took the blob from. */
  readonly from?: string | undefined
  readonly media_type?: string | undefined
  /** Of a pushed manifest: the one that it signs or describes. */
  readonly subject?: string | undefined
  readonly size?: number | undefined
  /** What the configuration and the layers of an image have together, as its manifest says. */
  readonly image_size?: number | undefined
  readonly bytes_in?: number | undefined
  readonly bytes_out?: number | undefined
  /** The bytes went from the storage to the client by a redirect, so they are not counted here. */
  readonly redirected?: true | undefined
  readonly duration_ms?: number | undefined
  readonly method?: string | undefined
  /** Without the query: upload states and signed URLs are secrets. */
  readonly path?: string | undefined
  readonly host?: string | undefined
  readonly user_agent?: string | undefined
  /** The client's product in a few words, as far as its User-Agent tells. */
  readonly product?: string | undefined
  readonly tls?: string | undefined
  readonly rule?: string | undefined
  readonly reason?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly granted?: readonly string[] | undefined
  readonly expires?: string | undefined
  /** Of a certificate: the authority. */
  readonly issuer?: string | undefined
  /** Of a certificate. */
  readonly serial?: string | undefined
  /** Of `server.start`: the running version. */
  readonly version?: string | undefined
  /** Of `server.start`. */
  readonly pid?: number | undefined
  /** Of `server.start` and `config.reload`: the configuration file, the first 16 hex digits of its SHA-256. */
  readonly config?: string | undefined
  /** Of `server.start`: whether the log ends with `server.stop`; absent in a new log. */
  readonly previous_stop?: 'clean' | 'unclean' | undefined
  /** Of `audit.rotate`: name of the file that came before; of `audit.prune`: of the one removed. Without directory. */
  readonly file?: string | undefined
  /** Of `audit.gap`: the numbers that no line has. */
  readonly from_seq?: number | undefined
  readonly to_seq?: number | undefined
  /** Of `audit.gap`: how many lines are lost. */
  readonly count?: number | undefined
  /** Of `audit.checkpoint`: which key signed, the first 16 hex digits of the SHA-256 of its SPKI. */
  readonly key?: string | undefined
  /** Of `audit.checkpoint`: Ed25519, base64url. */
  readonly signature?: string | undefined
}
