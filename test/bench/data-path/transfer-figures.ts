import type { Figures } from './workload.ts'

const BYTES_PER_MB = 1e6
const BYTES_PER_GIB = 1024 ** 3

/** The figures of some bytes that passed a server: MB/s, and what a GiB took its processes. */
export function transferFigures(bytes: number, { seconds, cpu }: { seconds: number; cpu?: number }): Figures {
  return {
    'MB/s': bytes / BYTES_PER_MB / seconds,
    ...(cpu === undefined ? {} : { 'CPU s/GiB': cpu / (bytes / BYTES_PER_GIB) }),
  }
}
