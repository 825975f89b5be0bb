import type { Families } from './metric-families.ts'
import { createNameLabel, NAMES_MAX } from './metric-labels.ts'

/** State of certificates and configuration. */
export interface StateMetrics {
  /** Replaces all certificates. */
  setCertificates(certificates: readonly MeasuredCertificate[]): void
  /** Counts an attempt to get a certificate, and keeps when it was. */
  countCertificateAttempt(name: string, result: 'obtained' | 'failed', at: number): void
  /** `at` in ms since the epoch; a failed reload leaves the time of the last good one. */
  setConfigReload(outcome: 'loaded' | 'rejected', at: number): void
}

/** Times in ms since the epoch. */
export interface MeasuredCertificate {
  readonly names: readonly string[]
  readonly notAfter: number
  readonly acme?: {
    readonly name: string
    readonly nextRenewal?: number
    readonly nextAttempt: number
    readonly failedAttempts: number
    readonly isStopGap: boolean
  }
}

/** Metrics of what is loaded. */
export function stateMetrics(families: Families): StateMetrics {
  const notAfter = families.gauge({
    name: 'tls_cert_not_after_timestamp_seconds',
    help: 'Expiry of the certificate served for a domain.',
    labels: ['domain'],
  })
  const acme = acmeGauges(families)
  const attempts = families.counter({
    name: 'tls_cert_attempts_total',
    help: 'Attempts to obtain or renew a certificate by ACME, by domain and result (obtained, failed).',
    labels: ['domain', 'result'],
  })
  const lastError = families.gauge({
    name: 'tls_cert_last_error_timestamp_seconds',
    help: 'Time of the last failed attempt to obtain or renew a certificate.',
    labels: ['domain'],
  })
  const attemptLabel = createNameLabel(NAMES_MAX)
  const successful = families.gauge({
    name: 'config_last_reload_successful',
    help: 'Whether the last load of the configuration succeeded.',
  })
  const time = families.gauge({
    name: 'config_last_reload_success_timestamp_seconds',
    help: 'Time of the last successful load of the configuration.',
  })
  return {
    setCertificates(certificates) {
      const label = createNameLabel(NAMES_MAX)
      notAfter.reset()
      for (const certificate of certificates) {
        for (const name of certificate.names) notAfter.set([label(name)], certificate.notAfter / 1000)
      }
      acme(certificates)
    },
    countCertificateAttempt(name, result, at) {
      const domain = attemptLabel(name)
      attempts([domain, result])
      if (result === 'failed') lastError.set([domain], at / 1000)
    },
    setConfigReload(outcome, at) {
      successful.set([], outcome === 'loaded' ? 1 : 0)
      if (outcome === 'loaded') time.set([], at / 1000)
    },
  }
}

function acmeGauges(families: Families): (certificates: readonly MeasuredCertificate[]) => void {
  const gauge = (name: string, help: string) => families.gauge({ name, help, labels: ['domain'] })
  const renewal = gauge(
    'tls_cert_next_renewal_timestamp_seconds',
    'When a certificate is to be renewed by ACME.',
  )
  const attempt = gauge('tls_cert_next_attempt_timestamp_seconds', 'When a certificate is tried for next.')
  const failed = gauge(
    'tls_cert_failed_attempts',
    'Failed attempts in a row to obtain or renew a certificate.',
  )
  const stopGap = gauge('tls_cert_stop_gap', 'Whether a certificate of our own CA stands in for one by ACME.')
  return certificates => {
    const label = createNameLabel(NAMES_MAX)
    for (const family of [renewal, attempt, failed, stopGap]) family.reset()
    for (const { acme } of certificates) {
      if (acme === undefined) continue
      const domain = [label(acme.name)]
      if (acme.nextRenewal !== undefined) renewal.set(domain, acme.nextRenewal / 1000)
      attempt.set(domain, acme.nextAttempt / 1000)
      failed.set(domain, acme.failedAttempts)
      stopGap.set(domain, acme.isStopGap ? 1 : 0)
    }
  }
}
