/** How a fill ended: `whole` with the right digest, or by a fault of the disk, by one of the registry, or with other bytes. */
export type FillEnd =
  | { readonly outcome: 'whole' }
  | { readonly outcome: 'disk' | 'registry' | 'corrupt'; readonly error: unknown }

/** What those who follow a fill may know of it. */
export interface FillProgress {
  /** Size of the blob once the registry has begun to send it; undefined when it will not be cached. */
  readonly size: Promise<number | undefined>
  /** How many bytes from the beginning may be read: all but the last until the digest is right. */
  readable(): number
  /** Resolves when there is more to read, or an end. */
  changed(): Promise<void>
  end(): FillEnd | undefined
}

/** The same, and how it is told. */
export interface ToldProgress extends FillProgress {
  begun(size: number): void
  written(length: number): void
  /** Undefined when it was never begun. */
  ended(end: FillEnd | undefined): void
  /** Bytes that are missing; undefined before the beginning. */
  missing(): number | undefined
}

export function createFillProgress(): ToldProgress {
  const size = Promise.withResolvers<number | undefined>()
  let changed = Promise.withResolvers<void>()
  let total: number | undefined
  let length = 0
  let end: FillEnd | undefined
  const tell = () => {
    const { resolve } = changed
    changed = Promise.withResolvers<void>()
    resolve()
  }
  return {
    size: size.promise,
    readable: () => (end?.outcome === 'whole' ? length : Math.min(length, (total ?? 1) - 1)),
    changed: () => changed.promise,
    end: () => end,
    missing: () => (total === undefined ? undefined : total - length),
    begun: bytes => {
      total = bytes
      size.resolve(bytes)
    },
    written: bytes => {
      length = bytes
      tell()
    },
    ended: how => {
      end = how
      size.resolve(undefined)
      tell()
    },
  }
}
