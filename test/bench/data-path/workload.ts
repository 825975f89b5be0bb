import type { Server } from './server.ts'

/** A figure that a workload measures; the target is for people, nothing checks it. */
export interface Metric {
  readonly name: string
  /** What is wanted of landwaiter's figure divided by the other one, or, with a unit, of the figure itself. */
  readonly target?: string
}

/** Figures of one run by the name of the metric; one that a server does not have is left out. */
export type Figures = Readonly<Record<string, number>>

/** Work that each server is given in turn. */
export interface Workload<S extends { readonly name: string } = Server> {
  readonly name: string
  readonly metrics: readonly Metric[]
  /** Those it is for; all unless told. */
  readonly servers?: readonly S['name'][]
  /** Whose figure ratios are to, where it is not the usual one. */
  readonly against?: S['name']
  /** Before the first run on a server: what a run must not pay for, and a check that the answers are right. */
  readonly prepare?: (server: S) => Promise<void>
  /** Throws when an answer is wrong. */
  readonly run: (server: S) => Promise<Figures>
}
