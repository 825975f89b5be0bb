/** Some bytes of a body, in a buffer that is lent. */
export interface Piece {
  readonly bytes: Uint8Array
  /** Gives the buffer back; once, when nothing reads it any more. */
  release(): void
}

/** A body, piece by piece. */
export interface Pieces {
  /** The next bytes; undefined at the end. @throws when there should be more and is not. */
  next(): Promise<Piece | undefined>
  /** Gives up what has not been asked for. */
  close(): void
}
