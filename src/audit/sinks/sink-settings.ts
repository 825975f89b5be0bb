import type { AuditAction, AuditOutcome } from '../../model/audit-event.ts'
import type { Secret } from '../../model/secret.ts'

interface CommonSettings {
  readonly name: string
  readonly actions?: readonly AuditAction[] | undefined
  readonly outcomes?: readonly AuditOutcome[] | undefined
  readonly backfill: boolean
  /** Lines sent at once at most. */
  readonly batch: number
  readonly timeout_ms: number
  /** PEM of the only CA certificates that are trusted. */
  readonly ca?: string | undefined
}

export interface SyslogSettings extends CommonSettings {
  readonly type: 'syslog'
  /** `tcp://HOST:PORT` or `tls://HOST:PORT`. */
  readonly url: string
  readonly facility: string
}

interface PostSettings extends CommonSettings {
  readonly url: string
  readonly headers: Readonly<Record<string, Secret>>
  readonly gzip: boolean
  readonly on_refused: 'retry' | 'skip'
  readonly refused_tries: number
}

export interface WebhookSettings extends PostSettings {
  readonly type: 'webhook'
  readonly format: 'distribution' | 'cloudevents'
  readonly secret?: Secret | undefined
}

/** Sinks that are posted to. */
export type HttpSettings =
  | (PostSettings & { readonly type: 'http' })
  | WebhookSettings
  | (PostSettings & { readonly type: 'otlp' })

/** One of `audit.sinks`, its CA file read. */
export type SinkSettings = SyslogSettings | HttpSettings
