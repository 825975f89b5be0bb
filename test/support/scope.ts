/** The part of tap's `t` that the helpers here need: what is acquired for a test is released when it ends. */
export interface Scope {
  readonly teardown: (release: () => unknown) => unknown
}
