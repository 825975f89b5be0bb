import { type BlobFill, type FillOptions, type FillResult, startBlobFill } from './blob-fill.ts'
import type { BlobName } from './blob-source.ts'

/** More at the same time would only share the disk and the way to the registry. */
const MAX_FILLS = 32

/** The fetches that are under way, one for each digest. */
export interface FillPool {
  find(digest: string): BlobFill | undefined
  /** Begins one at this moment; undefined when there are too many. */
  start(blob: BlobName, since: number): BlobFill | undefined
  /** Ends all of them and resolves when the last file is closed. */
  close(): Promise<void>
}

export interface FillPoolOptions extends Omit<FillOptions, 'blob' | 'since' | 'onEnd'> {
  readonly onEnd: (blob: BlobName, result: FillResult) => void
}

export function createFillPool(options: FillPoolOptions): FillPool {
  const fills = new Map<string, BlobFill>()
  let isClosed = false
  let onEmpty: (() => void) | undefined
  return {
    find: digest => fills.get(digest),
    start: (blob, since) => {
      if (isClosed || fills.size >= MAX_FILLS) return undefined
      const onEnd = (result: FillResult) => {
        fills.delete(blob.digest)
        options.onEnd(blob, result)
        if (fills.size === 0) onEmpty?.()
      }
      const fill = startBlobFill({ ...options, blob, since, onEnd })
      fills.set(blob.digest, fill)
      return fill
    },
    close: () => {
      isClosed = true
      for (const fill of fills.values()) fill.stop()
      if (fills.size === 0) return Promise.resolve()
      return new Promise(resolve => {
        onEmpty = resolve
      })
    },
  }
}
