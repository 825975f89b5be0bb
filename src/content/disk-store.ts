import { createDigestChecks } from './digest-checks.ts'
import type { DiskFiles } from './disk-files.ts'
import { createDiskIndex } from './disk-index.ts'
import type { DiskTrouble } from './disk-trouble.ts'
import { closeFile, type OpenFile } from './open-file.ts'
import type { Turns } from './turns.ts'

/** Larger ones are read by nobody while they are checked. */
const WAITED_FOR_BYTES = 256 * 1024 * 1024

export interface DiskStoreOptions {
  readonly files: DiskFiles
  readonly maxBytes: number
  readonly turns: Turns
  readonly trouble: DiskTrouble
  /** Told the digest of a file that has other bytes than it should. */
  readonly onDamaged: (digest: string) => void
}

/** The whole blobs of a disk cache. */
export interface DiskStore {
  /** Reads what is there; until then nothing is found and there is no room, and `has` tries again. Never rejects. */
  open(): Promise<void>
  has(digest: string): boolean
  /**
   * The blob's file; undefined when it is not there, or not to be had now. What was there at the start has been read
   * once and has the right digest. Never rejects.
   */
  find(digest: string): Promise<OpenFile | undefined>
  reserve(bytes: number): (() => void) | undefined
  add(digest: string, size: number): void
  usage(): { readonly entries: number; readonly bytes: number }
}

export function createDiskStore({ files, maxBytes, turns, trouble, onDamaged }: DiskStoreOptions): DiskStore {
  const remove = (digest: string) => {
    files.remove(digest).catch(trouble.report)
  }
  const index = createDiskIndex(maxBytes, remove)
  const hasDigest = createDigestChecks(turns)
  let isOpen = false
  let opening: Promise<void> | undefined

  const drop = (digest: string) => {
    index.delete(digest)
    onDamaged(digest)
    remove(digest)
  }
  const check = async (digest: string, file: OpenFile): Promise<boolean> => {
    const isRight = await hasDigest(digest, file)
    const entry = index.find(digest)
    if (entry !== undefined && !isRight) drop(digest)
    if (entry !== undefined) entry.isChecked = isRight
    return isRight
  }
  const open = async (digest: string, size: number): Promise<OpenFile | undefined> => {
    const file = await files.open(digest, size)
    if (file === undefined) drop(digest)
    return file
  }
  const scan = async () => {
    try {
      for (const { digest, size } of await files.scan()) index.add(digest, { size, isChecked: false })
      isOpen = true
      trouble.cleared()
    } catch (error) {
      trouble.report(error)
    }
  }
  const openOnce = (): Promise<void> => {
    opening ??= scan().finally(() => {
      opening = undefined
    })
    return opening
  }

  return {
    open: openOnce,
    has: digest => {
      if (isOpen) return index.find(digest) !== undefined
      void openOnce()
      return false
    },
    find: async digest => {
      const entry = isOpen ? index.find(digest) : undefined
      if (entry === undefined) return undefined
      const file = await open(digest, entry.size).catch(trouble.report)
      if (file === undefined || entry.isChecked) return file
      const result = check(digest, file).catch(trouble.report)
      if (entry.size <= WAITED_FOR_BYTES && (await result)) return file
      void result.then(() => closeFile(file))
      return undefined
    },
    reserve: bytes => (isOpen ? index.reserve(bytes) : undefined),
    add: (digest, size) => index.add(digest, { size, isChecked: true }),
    usage: index.usage,
  }
}
