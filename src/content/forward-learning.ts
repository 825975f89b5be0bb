import type { AnswerTap, Transfer } from '../model/exchange.ts'
import type { ContentExchange } from './content-exchange.ts'
import type { Ask, Learning, Shelf } from './shelf.ts'

/** Forwards a read and shows its answer to the shelves that may keep it. @throws what `forward` throws. */
export async function forwardLearning<Exchange extends ContentExchange>(
  forward: (exchange: Exchange) => Promise<Transfer>,
  exchange: Exchange,
  { ask, learners }: { readonly ask: Ask; readonly learners: readonly (Shelf | undefined)[] },
): Promise<Transfer> {
  const asking = learners.flatMap(shelf => (shelf === undefined ? [] : [{ shelf, asked: shelf.asking() }]))
  const learnings: Learning[] = []
  const tap: AnswerTap = head => {
    const outer = exchange.tap?.(head)
    for (const { shelf, asked } of asking) {
      const learning = shelf.learn(ask, { head, asked })
      if (learning !== undefined) learnings.push(learning)
    }
    return teach(learnings, outer)
  }
  let isWhole = false
  try {
    const transfer = await forward({ ...exchange, tap })
    isWhole = transfer.complete
    return transfer
  } finally {
    for (const learning of learnings) learning.end(isWhole)
  }
}

function teach(learnings: readonly Learning[], outer: ReturnType<AnswerTap>): ReturnType<AnswerTap> {
  const takers = learnings.flatMap(learning => (learning.add === undefined ? [] : [learning.add]))
  if (outer !== undefined) takers.push(outer)
  if (takers.length === 0) return undefined
  return piece => {
    for (const take of takers) take(piece)
  }
}
