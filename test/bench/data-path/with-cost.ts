import { cpuSeconds, residentMib } from '../process-cost.ts'

const SAMPLE_MS = 50

/** What some work took. */
export interface Cost {
  /** Of the clock. */
  readonly seconds: number
  /** CPU time of the processes. */
  readonly cpuSeconds: number
  /** The most memory that the processes were seen with, in MiB. */
  readonly residentMib: number
}

/** Result of `work`, and what it took the processes. */
export async function withCost<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cost: Cost }> {
  const cpu = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const memory = () => pids.reduce((sum, pid) => sum + residentMib(pid), 0)
  let most = memory()
  const timer = setInterval(() => {
    most = Math.max(most, memory())
  }, SAMPLE_MS)
  try {
    const before = cpu()
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1_000
    return { result, cost: { seconds, cpuSeconds: cpu() - before, residentMib: Math.max(most, memory()) } }
  } finally {
    clearInterval(timer)
  }
}
