import { median } from './median.ts'
import type { Server } from './server.ts'
import type { Figures, Workload } from './workload.ts'

/** Medians of one metric; a server that does not have it is left out. */
export interface MetricResult {
  readonly workload: string
  readonly metric: string
  readonly target?: string
  /** Whose figure ratios are to, where the workload tells. */
  readonly against?: string
  readonly medians: Readonly<Record<string, number>>
}

/** What `runRounds` goes by. */
export interface RoundsOrder<S> {
  readonly servers: readonly S[]
  readonly rounds: number
  /** Called before each run. */
  readonly onRun: (text: string) => void
}

/**
 * The median of each figure over all rounds. The servers take turns (A B C A B C), each round begins with another
 * one, and a round that is not counted goes before.
 */
export async function runRounds<S extends { readonly name: string } = Server>(
  workload: Workload<S>,
  order: RoundsOrder<S>,
): Promise<readonly MetricResult[]> {
  const { rounds, onRun } = order
  const { against } = workload
  const servers = order.servers.filter(({ name }) => workload.servers?.includes(name) ?? true)
  const seen = new Map(servers.map(({ name }): [S['name'], Figures[]] => [name, []]))
  for (const server of servers) await workload.prepare?.(server)
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % servers.length
    for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
      onRun(`${workload.name}: ${server.name}, ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`)
      const figures = await workload.run(server)
      if (round > 0) seen.get(server.name)?.push(figures)
    }
  }
  return workload.metrics.map(({ name: metric, target }) => ({
    workload: workload.name,
    metric,
    ...(target === undefined ? {} : { target }),
    ...(against === undefined ? {} : { against }),
    medians: Object.fromEntries(
      [...seen].flatMap(([name, figures]) => {
        const values = figures.flatMap(each => each[metric] ?? [])
        return values.length === 0 ? [] : [[name, median(values)]]
      }),
    ),
  }))
}
