import type { Door } from './server.ts'
import { type Load, type SmallRequest, smallLoad } from './small-load.ts'
import { withCost } from './with-cost.ts'
import type { Figures } from './workload.ts'

const US_PER_S = 1e6

/** What a load of one request shows: its rate, the latency of the slowest hundredth, and what the door paid for it. */
export async function measureSmall(door: Door, request: SmallRequest, load: Load): Promise<Figures> {
  const { result, cost } = await withCost(door.pids, () => smallLoad(door, [request], load))
  const figures = { 'requests/s': result.requests / result.seconds, 'p99 ms': result.p99Ms }
  if (door.pids.length === 0) return figures
  return { ...figures, 'CPU µs/request': (cost.cpuSeconds / result.requests) * US_PER_S }
}
