import type { ListAsk, ListPage } from '../model/list-page.ts'

const MAX_PAGES = 25
/** Clients give up after 30 s; a page that was begun is still read. */
const MAX_MS = 10_000
const MIN_PAGE = 100
/** distribution refuses more. */
const MAX_PAGE = 1_000
const GROWTH = 4
/** Names that are asked about at the same time. */
const BATCH = 16

/** A list of the registry and what of it is shown. */
export interface WalkPorts {
  /** @throws UpstreamUnavailable */
  readonly page: (ask: ListAsk) => Promise<ListPage>
  readonly isVisible: (name: string) => Promise<boolean>
  /** Monotonic, ms. */
  readonly now: () => number
}

/**
 * What is visible. With `rest` there is more: `named` continues after the last name, `hidden` at a place that the
 * subject may not know. `isNull` when the registry had null for a list.
 */
export type Walked =
  | {
      readonly outcome: 'walked'
      readonly names: readonly string[]
      readonly isNull: boolean
      readonly rest?: { readonly kind: 'named' | 'hidden'; readonly last: string }
    }
  | Extract<ListPage, { readonly outcome: 'failed' }>

/**
 * The first `count` visible names after `last`, in the registry's order. One more is looked for, so that `rest` is only
 * there when there is something to see, unless the work came to its bound (25 pages or 10 s) before that is known.
 */
export async function walkList(
  ports: WalkPorts,
  { count, last }: { readonly count: number; readonly last?: string },
): Promise<Walked> {
  const names: string[] = []
  const deadline = ports.now() + MAX_MS
  let place = last
  let size = Math.min(MAX_PAGE, Math.max(MIN_PAGE, count + 1))
  let isNull = false
  for (let pages = 1; ; pages++) {
    const page = await ports.page({ n: size, ...(place === undefined ? {} : { last: place }) })
    if (page.outcome === 'failed') return page
    isNull = page.names === null
    await addVisible(names, page.names ?? [], { ports, limit: count + 1 })
    if (names.length > count) {
      const shown = names.slice(0, count)
      return { outcome: 'walked', names: shown, isNull, rest: { kind: 'named', last: shown.at(-1) ?? '' } }
    }
    // A registry that leads back to where we are would never come to an end.
    if (page.next === undefined || page.next === place) return { outcome: 'walked', names, isNull }
    place = page.next
    if (pages === MAX_PAGES || ports.now() >= deadline) {
      return { outcome: 'walked', names, isNull, rest: { kind: 'hidden', last: place } }
    }
    size = Math.min(MAX_PAGE, size * GROWTH)
  }
}

async function addVisible(
  found: string[],
  names: readonly string[],
  { ports, limit }: { readonly ports: WalkPorts; readonly limit: number },
): Promise<void> {
  for (let from = 0; from < names.length && found.length < limit; from += BATCH) {
    const batch = names.slice(from, from + BATCH)
    const visible = await Promise.all(batch.map(ports.isVisible))
    found.push(...batch.filter((_, index) => visible[index]))
  }
}
