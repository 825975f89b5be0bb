import type { CertificateEvent } from '../model/certificate-event.ts'
import type { Clock, Log } from '../model/ports.ts'

/** What certificates by ACME need of the process. */
export interface AcmeEffects {
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onEvent: (event: CertificateEvent) => void
}
