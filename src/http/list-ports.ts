import type { ListAsk, ListPage } from '../model/list-page.ts'
import type { ListCursor } from './list-cursor.ts'

/** What the filtered lists need of the registry. */
export interface ListPorts {
  readonly listPage: (
    list: { readonly kind: 'catalog' } | { readonly kind: 'tags'; readonly name: string },
    ask: ListAsk,
  ) => Promise<ListPage>
  readonly listCursor: ListCursor
  /** Whether some rule tells tags, or lists from pulls, apart; without one every tag is as visible as its repository. */
  readonly filtersTags: () => boolean
}
