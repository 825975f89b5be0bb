import type { Families } from './metric-families.ts'

/** Use of the files that blobs are read from. */
export interface BlobMetrics {
  /** Counts an answer that came from the registry's own files. */
  countDirectRead(): void
  /** Counts what a disk refused, and blobs with other bytes than their digest says. */
  countDiskCacheFault(reason: 'disk' | 'corrupt'): void
}

/** Metrics of blobs that are answered from files. */
export function blobMetrics(families: Families): BlobMetrics {
  const directReads = families.counter({
    name: 'direct_reads_total',
    help: 'Answers with blobs that were read from the files of the registry.',
  })
  const faults = families.counter({
    name: 'disk_cache_faults_total',
    help: 'Faults of the disk cache: the disk refused something (disk), or a blob had other bytes (corrupt).',
    labels: ['reason'],
  })
  return {
    countDirectRead: () => directReads([]),
    countDiskCacheFault: reason => faults([reason]),
  }
}
