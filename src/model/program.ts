/** How one run of an external program ended; `failed` is everything but an exit of its own. */
export type ProgramResult =
  | { readonly outcome: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** `isOverload`: it did not run, as too many runs wait. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly isOverload?: boolean }

/** Runs a program with a text as its whole standard input. Never rejects. */
export type RunProgram = (input: string) => Promise<ProgramResult>
