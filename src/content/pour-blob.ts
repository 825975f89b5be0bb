import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { FetchedBlob } from './blob-source.ts'
import type { FillEnd } from './fill-progress.ts'
import { createGatheredWrites, WriteFailed } from './gathered-writes.ts'
import type { Turns } from './turns.ts'

export interface PourOptions {
  readonly digest: string
  readonly length: number
  readonly turns: Turns
  readonly onWritten: (length: number) => void
}

/** Writes a body to a file and hashes it on the way. Never throws: how it ended is the result. */
export async function pourBlob(
  { body }: Pick<FetchedBlob, 'body'>,
  handle: FileHandle,
  { digest, length, turns, onWritten }: PourOptions,
): Promise<FillEnd> {
  const hash = createHash('sha256')
  const writes = createGatheredWrites(handle, { turns, onWritten })
  let received = 0
  try {
    for await (const chunk of body) {
      received += chunk.byteLength
      if (received > length) break
      // Some 64 KiB each, so that hashing holds nobody up.
      hash.update(chunk)
      await writes.add(chunk)
    }
    await writes.flush()
  } catch (error) {
    return { outcome: error instanceof WriteFailed ? 'disk' : 'registry', error }
  }
  if (received !== length) {
    return { outcome: 'registry', error: new Error(`the registry sent ${received} of ${length} bytes`) }
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found === digest) return { outcome: 'whole' }
  return { outcome: 'corrupt', error: new Error(`the registry sent ${found}`) }
}
