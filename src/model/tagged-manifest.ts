/** What a tag points to; `mediaType` without parameters. */
export interface TagTarget {
  readonly digest: string
  readonly mediaType: string
}

/** A tag and what it points to. */
export interface TaggedManifest extends TagTarget {
  readonly tag: string
}

/** Every tag of a repository, or that there are more than we look at. */
export type TagListing =
  | { readonly outcome: 'listed'; readonly tags: readonly TaggedManifest[] }
  | { readonly outcome: 'too many'; readonly limit: number }
