/** What the command line asks of a bench that makes its report by itself. */
export interface ReportOptions {
  /** Only what has this text in its name. */
  readonly only?: string
  /** File that the figures go to as JSON, beside the table. */
  readonly json?: string
  /** Runs that the medians are of. */
  readonly rounds?: number
  /** Size of a large blob. */
  readonly mib?: number
}
