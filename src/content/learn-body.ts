import type { BodyCollector } from './body-collector.ts'
import type { Learning } from './shelf.ts'
import type { StoredAnswer } from './stored-answer.ts'

/** Collects the body of `answer` for `keep`, which gets it when it is whole and has its digest; undefined without room. */
export function learnBody(
  bodies: BodyCollector,
  { size, digest }: Pick<StoredAnswer, 'size' | 'digest'>,
  keep: (body: Uint8Array) => void,
): Learning | undefined {
  const body = bodies.open(size)
  if (body === undefined) return undefined
  return {
    add: body.add,
    end: isWhole => {
      const bytes = body.finish(digest)
      if (isWhole && bytes !== undefined) keep(bytes)
    },
  }
}
