/** What happened to a certificate; for the audit log and the metrics. Times in ms since the epoch. */
export type CertificateEvent =
  | {
      readonly kind: 'obtained' | 'renewed' | 'adopted'
      readonly name: string
      readonly authority: string
      readonly notAfter: number
      readonly serial: string
    }
  | {
      readonly kind: 'failed'
      readonly name: string
      /** There is a certificate already. */
      readonly isRenewal: boolean
      /** The attempt before failed for the same reason. */
      readonly isRepeated: boolean
      readonly authority: string | undefined
      readonly reason: string
      readonly nextAt: number
    }
  | { readonly kind: 'expiring'; readonly name: string; readonly notAfter: number; readonly reason: string }
  | {
      readonly kind: 'revoked'
      readonly name: string
      readonly authority: string
      readonly serial: string
      readonly reason: string
    }
