import { OciError } from '../model/errors.ts'
import type { ListCursor } from './list-cursor.ts'
import type { Reply } from './reply.ts'
import type { Walked } from './walk-list.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** Where a list is, as clients ask for it, and how many names they asked for. */
export interface ListAddress {
  readonly path: string
  readonly n: number
}

/** The place that a client's `last` means. @throws OciError 400 when it is a cursor of another process. */
export function openLast(
  cursor: ListCursor,
  path: string,
  last: string | undefined,
): { readonly last?: string } {
  if (last === undefined) return {}
  const place = cursor.open(path, last)
  if (place !== undefined) return { last: place }
  const message = 'the link to this page is no longer valid; begin the list again, without "last"'
  throw new OciError('PAGINATION_NUMBER_INVALID', message)
}

/** The answer with `body` as JSON, and a link to the next page when there is one, as distribution writes it. */
export function listReply(
  { path, n }: ListAddress,
  { body, walked, cursor }: { readonly body: object; readonly walked: Walked; readonly cursor: ListCursor },
): Reply {
  if (walked.outcome === 'failed') return { status: walked.status, body: walked.body, type: walked.type }
  const { rest } = walked
  const last = rest?.kind === 'hidden' ? cursor.seal(path, rest.last) : rest?.last
  return {
    status: 200,
    body: `${JSON.stringify(body)}\n`,
    type: JSON_TYPE,
    ...(last === undefined
      ? {}
      : { headers: { link: `<${path}?last=${encodeURIComponent(last)}&n=${n}>; rel="next"` } }),
  }
}
