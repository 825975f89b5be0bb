/** What is compared: the proxies, and the way without one. */
export type ServerName = 'landwaiter' | 'caddy' | 'nginx' | 'direct'

/** One way to the registry or to the sink. */
export interface Door {
  /** `https://localhost:PORT`, or http without a proxy. */
  readonly url: string
  readonly port: number
  /** The processes of the proxy; none without one. */
  readonly pids: readonly number[]
}

/** A proxy in front of both, or the way without one. */
export interface Server {
  readonly name: ServerName
  /** Name and version for people. */
  readonly version: string
  readonly registry: Door
  readonly sink: Door
}
