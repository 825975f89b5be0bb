import { OciError } from '../model/errors.ts'
import type { ListAsk, ListPage } from '../model/list-page.ts'
import type { Page } from '../model/registry-request.ts'
import { listCount } from './list-count.ts'
import type { ListCursor } from './list-cursor.ts'
import { listReply, openLast } from './list-reply.ts'
import type { Reply } from './reply.ts'
import { walkList } from './walk-list.ts'

const PATH = '/v2/_catalog'
/** Both as distribution. */
const DEFAULT_COUNT = 100
const MAX_COUNT = 1_000

/** What the filtered catalog needs, for one subject. */
export interface CatalogPorts {
  /** A page of the registry's whole catalog. @throws UpstreamUnavailable */
  readonly catalogPage: (ask: ListAsk) => Promise<ListPage>
  /** Whether the subject may pull from this repository. */
  readonly mayPull: (name: string) => Promise<boolean>
  readonly cursor: ListCursor
  /** Monotonic, ms. */
  readonly now: () => number
}

/**
 * The catalog of what the subject may pull, in the registry's order, with exactly `n` names while there are so many.
 * @throws OciError 400 PAGINATION_NUMBER_INVALID above 1,000; UpstreamUnavailable.
 * Spec: distribution docs/spec/api.md, "Catalog".
 */
export async function listCatalog(ports: CatalogPorts, page: Page): Promise<Reply> {
  const n = listCount(page.n) ?? DEFAULT_COUNT
  if (n > MAX_COUNT) {
    const detail = { n }
    throw new OciError('PAGINATION_NUMBER_INVALID', 'invalid number of results requested', { detail })
  }
  const { catalogPage, mayPull, cursor, now } = ports
  const after = openLast(cursor, PATH, page.last)
  const walked =
    n === 0
      ? ({ outcome: 'walked', names: [], isNull: false } as const)
      : await walkList({ page: catalogPage, isVisible: mayPull, now }, { count: n, ...after })
  const repositories = walked.outcome === 'walked' ? walked.names : []
  return listReply({ path: PATH, n }, { body: { repositories }, walked, cursor })
}
