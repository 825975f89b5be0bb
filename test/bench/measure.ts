import { performance } from 'node:perf_hooks'
import type { Benchmark, Measurement } from './benchmark.ts'

const ROUNDS = 15
const WARM_UP_ROUNDS = 3

/** Runs the benchmarks in turns, so that a busy spell of the machine falls on all of them. */
export async function measure(benchmarks: readonly Benchmark[]): Promise<readonly Measurement[]> {
  const times = benchmarks.map((): number[] => [])
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [index, { operations, run }] of benchmarks.entries()) {
      const start = performance.now()
      await run(operations)
      const elapsedMs = performance.now() - start
      if (round >= 0) times[index]?.push((elapsedMs * 1e6) / operations)
    }
  }
  return benchmarks.map(({ name, target }, index) => {
    const sorted = (times[index] ?? []).sort((a, b) => a - b)
    return {
      name,
      ...(target !== undefined && { target }),
      medianNs: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
      minNs: sorted[0] ?? Number.NaN,
      maxNs: sorted.at(-1) ?? Number.NaN,
    }
  })
}
