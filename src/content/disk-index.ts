/** What a file takes at least, bytes. */
const BLOCK = 4096
/** Each takes memory, whatever its size. */
const MAX_ENTRIES = 200_000

/** A whole blob on the disk. */
export interface DiskEntry {
  readonly size: number
  /** Whether its bytes are known to have its digest. */
  isChecked: boolean
}

/** The blobs of a disk cache by their digest, least recently used first; never more bytes than its bound. */
export interface DiskIndex {
  /** Makes it the most recently used. */
  find(digest: string): DiskEntry | undefined
  add(digest: string, entry: DiskEntry): void
  delete(digest: string): void
  /**
   * Room for a file that is being filled, until the returned function is called; undefined when there cannot be any.
   * What had to go for it has been passed to `evict`.
   */
  reserve(bytes: number): (() => void) | undefined
  usage(): { readonly entries: number; readonly bytes: number }
}

export function createDiskIndex(maxBytes: number, evict: (digest: string) => void): DiskIndex {
  const entries = new Map<string, DiskEntry>()
  let bytes = 0

  const remove = (digest: string): boolean => {
    const entry = entries.get(digest)
    if (entry === undefined) return false
    bytes -= onDisk(entry.size)
    return entries.delete(digest)
  }
  const makeRoom = (wanted: number): void => {
    for (const digest of entries.keys()) {
      if (bytes + wanted <= maxBytes && entries.size < MAX_ENTRIES) return
      remove(digest)
      evict(digest)
    }
  }
  return {
    find: digest => {
      const entry = entries.get(digest)
      if (entry === undefined) return undefined
      entries.delete(digest)
      entries.set(digest, entry)
      return entry
    },
    add: (digest, entry) => {
      remove(digest)
      makeRoom(onDisk(entry.size))
      entries.set(digest, entry)
      bytes += onDisk(entry.size)
    },
    delete: remove,
    reserve: size => {
      const wanted = onDisk(size)
      if (wanted > maxBytes) return undefined
      makeRoom(wanted)
      if (bytes + wanted > maxBytes) return undefined
      bytes += wanted
      let isHeld = true
      return () => {
        if (isHeld) bytes -= wanted
        isHeld = false
      }
    },
    usage: () => ({ entries: entries.size, bytes }),
  }
}

function onDisk(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK
}
