import type { BlobName, BlobSource, FetchedBlob } from './blob-source.ts'
import type { DiskFiles, TemporaryFile } from './disk-files.ts'
import { createFillProgress, type FillEnd, type FillProgress, type ToldProgress } from './fill-progress.ts'
import { pourBlob } from './pour-blob.ts'
import type { Turns } from './turns.ts'

/** A fetch that nobody waits for any more is ended all the same when no more than this is missing. */
const NEARLY_DONE_BYTES = 16 * 1024 * 1024

export interface FillOptions {
  readonly blob: BlobName
  /** When it was begun, as the generations count. */
  readonly since: number
  readonly source: BlobSource
  readonly files: DiskFiles
  readonly turns: Turns
  /** Takes room for so many bytes until it is given back; undefined when there is none. */
  readonly reserve: (bytes: number) => (() => void) | undefined
  /** Called once, before those who follow hear of it. */
  readonly onEnd: (filled: FillResult) => void
}

/** What became of a fill. */
export interface FillResult {
  /** Undefined when it was never begun. */
  readonly end?: FillEnd
  /** Size of the file that is kept under its digest now, if there is one. */
  readonly kept?: number
  /** What the disk refused. */
  readonly fault?: unknown
}

/** One fetch of a blob into a file, which any number of clients follow. */
export interface BlobFill extends FillProgress {
  readonly blob: BlobName
  readonly since: number
  /** Resolves to the number of bytes that were read. @throws the system's error. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number>
  /** One more client follows, until the returned function is called. */
  follow(): () => void
  /** Ends the fetch. */
  stop(): void
}

/** Begins at once; is given up when nobody follows any more, unless little is missing. */
export function startBlobFill(options: FillOptions): BlobFill {
  const giveUp = new AbortController()
  const progress = createFillProgress()
  let file: TemporaryFile | undefined
  let followers = 0
  let isOver = false
  const closeUnused = () => {
    if (isOver && followers === 0) file?.handle.close().catch(() => undefined) // nothing is written any more
  }
  const onFile = (created: TemporaryFile) => {
    file = created
  }
  const finish = (result: FillResult) => {
    isOver = true
    options.onEnd(result)
    progress.ended(result.end)
    closeUnused()
  }
  fill(options, { progress, onFile, giveUp }).then(finish, fault => finish({ fault }))
  return {
    ...progress,
    blob: options.blob,
    since: options.since,
    read: async (buffer, length, position) => {
      const handle = file?.handle
      if (handle === undefined) return 0
      return (await options.turns.run(() => handle.read(buffer, 0, length, position))).bytesRead
    },
    follow: () => {
      followers += 1
      return () => {
        followers -= 1
        const isNearlyDone = (progress.missing() ?? Number.POSITIVE_INFINITY) <= NEARLY_DONE_BYTES
        if (followers === 0 && !isNearlyDone) giveUp.abort(new Error('nobody waits for it any more'))
        closeUnused()
      }
    },
    stop: () => giveUp.abort(new Error('the cache is closed')),
  }
}

interface Filling {
  readonly progress: ToldProgress
  readonly onFile: (file: TemporaryFile) => void
  readonly giveUp: AbortController
}

/** @throws the system's error when there can be no file. */
async function fill(options: FillOptions, filling: Filling): Promise<FillResult> {
  const { source, blob, reserve } = options
  // What is wrong with the registry, the client's own request will show.
  const fetched = await source.fetch({ ...blob, from: 0 }, filling.giveUp.signal).catch(() => undefined)
  if (fetched === undefined) return {}
  const { status, length = 0 } = fetched
  const giveBack = status === 200 && length > 0 ? reserve(length) : undefined
  try {
    return giveBack === undefined ? {} : await fillFile(options, filling, { ...fetched, length })
  } finally {
    giveBack?.()
    fetched.discard()
  }
}

async function fillFile(
  { blob, files, turns }: FillOptions,
  { progress, onFile }: Filling,
  fetched: FetchedBlob & { readonly length: number },
): Promise<FillResult> {
  const { length } = fetched
  const file = await files.create(length)
  onFile(file)
  progress.begun(length)
  const { digest } = blob
  const end = await pourBlob(fetched, file.handle, { digest, length, turns, onWritten: progress.written })
  if (end.outcome !== 'whole') {
    await files.discard(file).catch(() => undefined) // the next start removes it
    return { end, ...(end.outcome === 'disk' ? { fault: end.error } : {}) }
  }
  return files.publish(file, digest).then(
    () => ({ end, kept: length }),
    fault => ({ end, fault }),
  )
}
