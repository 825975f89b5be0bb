import { createHash } from 'node:crypto'
import type { OpenFile } from './open-file.ts'
import type { Turns } from './turns.ts'

/** Hashing this much takes about a millisecond, between which others have their turn. */
const STEP = 1024 * 1024

/** Whether a file has the bytes of its sha256 digest; read once for all who ask at the same time. @throws the system's error. */
export type CheckDigest = (digest: string, file: OpenFile) => Promise<boolean>

export function createDigestChecks(turns: Turns): CheckDigest {
  const running = new Map<string, Promise<boolean>>()
  return (digest, file) => {
    const check =
      running.get(digest) ?? hasDigest(file, digest, turns).finally(() => void running.delete(digest))
    running.set(digest, check)
    return check
  }
}

async function hasDigest({ handle, size }: OpenFile, digest: string, turns: Turns): Promise<boolean> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(Math.min(STEP, size))
  for (let position = 0; position < size; ) {
    const { bytesRead } = await turns.run(() => handle.read(buffer, 0, buffer.length, position))
    if (bytesRead === 0) return false
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
  return `sha256:${hash.digest('hex')}` === digest
}
