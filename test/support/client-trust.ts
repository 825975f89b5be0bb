/** How a client trusts a registry: not at all (plain HTTP), or by a directory that holds `ca.crt`. */
export type ClientTrust = { readonly kind: 'plain-http' } | { readonly kind: 'ca'; readonly certDir: string }

/** Who logs in. */
export interface Login {
  readonly user: string
  readonly password: string
}
