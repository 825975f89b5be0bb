import type { ResourceActions } from '../model/access.ts'
import type { Identity } from '../model/exchange.ts'

/** What an Authorization header, or without one a client certificate, proves. `access` is a token's; else the policy alone decides. */
export type Identification =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'invalid'; readonly reason: string; readonly account?: string }
  | {
      readonly outcome: 'identified'
      readonly identity: Identity
      readonly access?: readonly ResourceActions[]
      readonly expired: boolean
    }
