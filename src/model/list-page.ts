/** Which page of a list the registry is asked for. */
export interface ListAsk {
  readonly n?: number
  readonly last?: string
}

/**
 * One page of the registry's list, in its order; `next` is the `last` of the page after it. `names` is null when the
 * registry says so, as distribution does of a repository without tags. A refusal is kept as it came.
 */
export type ListPage =
  | { readonly outcome: 'page'; readonly names: readonly string[] | null; readonly next?: string }
  | { readonly outcome: 'failed'; readonly status: number; readonly body: string; readonly type: string }
