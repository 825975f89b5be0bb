/** What a command may touch of the process; tests pass their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Standard error is a terminal. */
  readonly isTty: boolean
  /** Width of the terminal that standard output is; absent when it is none. */
  readonly columns?: number | undefined
  /** Standard input is a terminal. */
  readonly isTyped: boolean
  /** One write to standard output. */
  readonly print: (text: string) => void
  /**
   * A part of a long output, written whole before the next is asked for. Resolves to false when standard output takes
   * no more, as when its reader has seen enough.
   */
  readonly write: (bytes: Buffer) => Promise<boolean>
  /** One write to standard error. */
  readonly complain: (text: string) => void
  /** A password: one line of standard input, or typed without echo. */
  readonly readPassword: (prompt: string) => Promise<string>
  /** The line that a person types after the question; `''` when there is none. */
  readonly ask: (question: string) => Promise<string>
  /** Calls back on each of these signals until the process ends. */
  readonly onSignal: (names: readonly NodeJS.Signals[], handler: (name: NodeJS.Signals) => void) => void
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void
}
