import type { Families } from './metric-families.ts'

/** Use of the files that blobs are read from. */
export interface BlobMetrics {
  /** Counts an answer that came from the registry's own files. */
  countDirectRead(): void
}

/** Metrics of blobs that are answered from files. */
export function blobMetrics(families: Families): BlobMetrics {
  const directReads = families.counter({
    name: 'direct_reads_total',
    help: 'Answers with blobs that were read from the files of the registry.',
  })
  return { countDirectRead: () => directReads([]) }
}
