/** Label name to its values, as docker_auth's `labels`; values keep the order of their source. */
export type Labels = Readonly<Record<string, readonly string[]>>

/** Backends that know subjects whom the configuration does not name. */
export type ExternalVia = 'ext' | 'certificate'

/** What such a backend says of a subject; their tokens carry it, since no file has it. */
export interface ExternalIdentity {
  readonly via: ExternalVia
  readonly labels: Labels
}

/** Who asks. `name` is `''` for the anonymous subject (docker_auth's empty user). */
export interface Subject {
  readonly name: string
  /** The backend that vouches for the name. */
  readonly via: 'anonymous' | 'static' | ExternalVia
  readonly labels: Labels
  /** The name and the labels came from outside the configuration. */
  readonly isExternal?: true
}
