import { median } from './median.ts'
import type { Server, ServerName } from './server.ts'
import type { Figures, Workload } from './workload.ts'

/** Medians of one metric; a server that does not have it is left out. */
export interface MetricResult {
  readonly workload: string
  readonly metric: string
  readonly target?: string
  /** Whose figure ratios are to. */
  readonly against: ServerName
  readonly medians: Readonly<Partial<Record<ServerName, number>>>
}

/** What `runRounds` goes by. */
export interface RoundsOrder {
  readonly servers: readonly Server[]
  readonly rounds: number
  /** Called before each run. */
  readonly onRun: (text: string) => void
}

/**
 * The median of each figure over all rounds. The servers take turns (A B C A B C), each round begins with another
 * one, and a round that is not counted goes before.
 */
export async function runRounds(workload: Workload, order: RoundsOrder): Promise<readonly MetricResult[]> {
  const { rounds, onRun } = order
  const servers = order.servers.filter(({ name }) => workload.servers?.includes(name) ?? true)
  const seen = new Map(servers.map(({ name }): [ServerName, Figures[]] => [name, []]))
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
    against: workload.against ?? 'caddy',
    ...(target === undefined ? {} : { target }),
    medians: Object.fromEntries(
      [...seen].flatMap(([name, figures]) => {
        const values = figures.flatMap(each => each[metric] ?? [])
        return values.length === 0 ? [] : [[name, median(values)]]
      }),
    ),
  }))
}
