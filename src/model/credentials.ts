import type { Secret } from './secret.ts'
import type { Subject } from './subject.ts'

/** A name and a password as a client sent them. Both are `''` for the anonymous subject. */
export interface Credentials {
  readonly name: string
  readonly password: Secret
}

/** Three outcomes, no exception for "no". `unknown` lets the next authenticator try. */
export type AuthnResult =
  | { readonly outcome: 'authenticated'; readonly subject: Subject }
  | { readonly outcome: 'rejected'; readonly reason: string }
  | { readonly outcome: 'unknown' }
