/** What our own listeners answer while the pre-flight checks look. */
export interface PreflightProbe {
  /** In the path of http-01. */
  readonly token: string
  /** Body that http-01 answers; tls-alpn-01 shows its SHA-256, as for a key authorization. */
  readonly expected: string
  /** Server name of tls-alpn-01 when it is not the name itself: RFC 8738 §6 for an IP address. */
  readonly serverName?: string | undefined
}

/** Where a probe goes. */
export interface ProbeTarget {
  readonly name: string
  /** IP address. */
  readonly address: string
  readonly port: number
  /** Of the whole probe. */
  readonly timeoutMs: number
  readonly probe: PreflightProbe
}
