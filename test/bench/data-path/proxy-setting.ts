/** What the proxies of one run have in common. */
export interface ProxySetting {
  /** PEM files of a certificate for localhost. */
  readonly certificate: string
  readonly key: string
  /** `127.0.0.1:PORT` of the registry. */
  readonly registry: string
  /** `127.0.0.1:PORT` of the sink. */
  readonly sink: string
  /** PEM files that tokens are signed with, and that the registry trusts. */
  readonly signing: { readonly certificate: string; readonly key: string }
}
