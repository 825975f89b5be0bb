import type { Families } from './metric-families.ts'
import { createNameLabel, NAMES_MAX } from './metric-labels.ts'

/** State of certificates and configuration. */
export interface StateMetrics {
  /** Replaces all certificates; `notAfter` in ms since the epoch. */
  setCertificates(
    certificates: readonly { readonly names: readonly string[]; readonly notAfter: number }[],
  ): void
  /** `at` in ms since the epoch; a failed reload leaves the time of the last good one. */
  setConfigReload(outcome: 'loaded' | 'rejected', at: number): void
}

/** Metrics of what is loaded. */
export function stateMetrics(families: Families): StateMetrics {
  const notAfter = families.gauge({
    name: 'tls_cert_not_after_timestamp_seconds',
    help: 'Expiry of the certificate served for a domain.',
    labels: ['domain'],
  })
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
    },
    setConfigReload(outcome, at) {
      successful.set([], outcome === 'loaded' ? 1 : 0)
      if (outcome === 'loaded') time.set([], at / 1000)
    },
  }
}
