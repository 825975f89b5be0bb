import type { ListAsk, ListPage } from '../model/list-page.ts'
import type { ListCursor } from './list-cursor.ts'

/** What the filtered lists need of the registry. */
export interface ListPorts {
  readonly listPage: (
    list: { readonly kind: 'catalog' } | { readonly kind: 'tags'; readonly name: string },
    ask: ListAsk,
  ) => Promise<ListPage>
  readonly listCursor: ListCursor
  /** Whether some rule tells tags apart; without one every tag of a repository is as visible as it. */
  readonly policyConcernsTags: () => boolean
}
