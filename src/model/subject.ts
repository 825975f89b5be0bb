/** Label name to its values, as docker_auth's `labels`; values keep the order of their source. */
export type Labels = Readonly<Record<string, readonly string[]>>

/** Who asks. `name` is `''` for the anonymous subject (docker_auth's empty user). */
export interface Subject {
  readonly name: string
  /** The backend that vouches for the name. */
  readonly via: 'anonymous' | 'static'
  readonly labels: Labels
}
