/** A tag, or a digest `algorithm:hex`. Spec: OCI distribution-spec 1.1, "reference". */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: string }
