import type { FileHandle } from 'node:fs/promises'
import type { Turns } from './turns.ts'

/** What may wait for the disk before its source has to. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024

/** The disk did not take what was written to it. */
export class WriteFailed extends Error {
  override readonly name = 'WriteFailed'
}

/** Appends chunks to a file, those in one write that came during the one before. */
export interface GatheredWrites {
  /** Resolves when more may come. @throws WriteFailed */
  add(chunk: Uint8Array): Promise<void>
  /** Resolves when all is written. @throws WriteFailed */
  flush(): Promise<void>
}

/** `onWritten` is called with the length of the file so far. */
export function createGatheredWrites(
  handle: FileHandle,
  { turns, onWritten }: { readonly turns: Turns; readonly onWritten: (length: number) => void },
): GatheredWrites {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let written = 0
  let fault: WriteFailed | undefined
  let running: Promise<void> | undefined

  const writeAll = async () => {
    try {
      while (waiting.length > 0) {
        const [chunks, bytes] = [waiting, waitingBytes]
        waiting = []
        waitingBytes = 0
        const { bytesWritten } = await turns.run(() => handle.writev(chunks, written))
        if (bytesWritten < bytes) throw new Error('the disk took only a part of what was written')
        written += bytes
        onWritten(written)
      }
    } catch (cause) {
      fault = new WriteFailed('the disk did not take a blob', { cause })
    } finally {
      running = undefined
    }
  }
  const settle = async () => {
    await running
    if (fault !== undefined) throw fault
  }
  return {
    add: async chunk => {
      waiting.push(chunk)
      waitingBytes += chunk.byteLength
      if (fault === undefined) running ??= writeAll()
      if (waitingBytes > MAX_WAITING_BYTES || fault !== undefined) await settle()
    },
    flush: settle,
  }
}
