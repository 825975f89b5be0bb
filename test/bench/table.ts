import type { Measurement } from './benchmark.ts'

/** The measurements as lines of text: name, median, fastest, slowest, and what is wanted. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = [
    ['', 'median', 'min', 'max', 'target'],
    ...measurements.map(({ name, medianNs, minNs, maxNs, target = '' }) => [
      name,
      formatTime(medianNs),
      formatTime(minNs),
      formatTime(maxNs),
      target,
    ]),
  ]
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
  return `${rows.map(row => line(row).join('  ').trimEnd()).join('\n')}\n`
}

function formatTime(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(0)} ns`
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(1)} ms`
}
