import type { CertificateEvent } from '../model/certificate-event.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { AttemptFailed } from './attempt-failed.ts'
import { warningTime } from './renewal-time.ts'
import type { StoredCertificate } from './stored-certificate.ts'

export interface ReportsOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly onEvent: (event: CertificateEvent) => void
}

interface FailedAttemptReport {
  /** In a row. */
  readonly count: number
  readonly nextAt: number
  readonly isRenewal: boolean
}

/** What is said of one certificate, each thing once as long as it does not change. */
export interface CertificateReports {
  changed(kind: 'obtained' | 'renewed' | 'adopted', current: StoredCertificate): void
  failed(failed: AttemptFailed, attempt: FailedAttemptReport): void
  /** Warns once a day when the certificate expires soon: authorities no longer write to the owner. */
  warnIfExpiring(current: StoredCertificate, reason: string | undefined): void
  /** Warns of a clock that is more than five minutes off; `skewMs` is the authority's clock minus ours. */
  warnOfSkew(authority: string, skewMs: number): void
}

const WARN_EVERY_MS = 86_400_000
const SKEW_WARNING_MS = 5 * 60_000

export function createCertificateReports({ name, clock, log, onEvent }: ReportsOptions): CertificateReports {
  let said: string | undefined
  let warnedAt = Number.NEGATIVE_INFINITY
  return {
    changed(kind, { authority, pair }) {
      said = undefined
      const { notAfter, leaf } = pair
      const serial = leaf.serialNumber
      log.info(`certificate ${kind}`, { name, authority, expires: iso(notAfter), serial })
      onEvent({ kind, name, authority, notAfter, serial })
    },
    failed({ message, authority }, { count, nextAt, isRenewal }) {
      const isRepeated = said === message
      said = message
      onEvent({ kind: 'failed', name, isRenewal, isRepeated, authority, reason: message, nextAt })
      if (isRepeated) return
      const issuer = authority === undefined ? {} : { authority }
      const attempt = { reason: message, attempt: count, next: iso(nextAt) }
      log.error('certificate not obtained', { name, ...issuer, ...attempt })
    },
    warnIfExpiring({ pair }, reason = 'it was not renewed in time') {
      const { notAfter } = pair
      const now = clock()
      if (now < warningTime(pair) || now - warnedAt < WARN_EVERY_MS) return
      warnedAt = now
      const what = notAfter <= now ? 'certificate has expired' : 'certificate expires soon'
      log.error(what, { name, expires: iso(notAfter), reason })
      onEvent({ kind: 'expiring', name, notAfter, reason })
    },
    warnOfSkew(authority, skewMs) {
      if (Math.abs(skewMs) < SKEW_WARNING_MS) return
      const seconds = Math.round(skewMs / 1000)
      log.warn('the clock of this machine differs from that of the authority', { name, authority, seconds })
    },
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
