/** What each proxy is started with. */
export interface ProxySetting {
  /** PEM files of a certificate for localhost. */
  readonly certificate: string
  readonly key: string
  /** `127.0.0.1:PORT` of the registry. */
  readonly registry: string
  /** `127.0.0.1:PORT` of the sink. */
  readonly sink: string
  /** A directory of its own. */
  readonly directory: string
}
