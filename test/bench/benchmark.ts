/** One line of a table. A file `NAME.bench.ts` exports a list of these as `benchmarks`. */
export interface Benchmark {
  readonly name: string
  /** What is wanted, for people; nothing checks it. */
  readonly target?: string
  /** Operations of one run; some milliseconds' worth. */
  readonly operations: number
  /** Does that many operations; what it needs is ready before. */
  readonly run: (operations: number) => void | Promise<void>
}

/** Time of one operation in ns: the median of all runs, the fastest and the slowest. */
export interface Measurement {
  readonly name: string
  readonly target?: string
  readonly medianNs: number
  readonly minNs: number
  readonly maxNs: number
}
