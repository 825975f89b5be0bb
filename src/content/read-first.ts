import type { Pieces } from './piece.ts'

/**
 * The same pieces, the first of them read already: what cannot be read at all shows before anything is said of it.
 * @throws what the first read throws; the pieces are closed then.
 */
export async function readFirst(pieces: Pieces): Promise<Pieces> {
  let first = await pieces.next().catch((error: unknown) => {
    pieces.close()
    throw error
  })
  return {
    next: async () => {
      const piece = first
      first = undefined
      return piece ?? (await pieces.next())
    },
    close: () => {
      first?.release()
      first = undefined
      pieces.close()
    },
  }
}
