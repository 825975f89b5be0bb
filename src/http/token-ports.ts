import type { ResourceActions } from '../model/access.ts'
import type { Credentials } from '../model/credentials.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { TokenExchange } from '../model/exchange.ts'
import type { Authenticate, Clock, Log } from '../model/ports.ts'
import type { Subject } from '../model/subject.ts'

/** A signed token; times as numbers, ms since the epoch and seconds from now. */
export interface IssuedToken {
  readonly token: string
  readonly id: string
  readonly expiresAt: number
  readonly expiresInSeconds: number
}

/** Everything the token realm needs. */
export interface TokenPorts {
  readonly clock: Clock
  readonly log: Log
  /** `token.issuer`, also the name in the Basic challenge, as docker_auth shows it. */
  readonly issuer: string
  /** The service of tokens when the client names none, and all that we sign for. */
  readonly service: () => string
  readonly services: () => readonly string[]
  readonly authenticate: Authenticate
  /** @throws AuthzUnavailable when an authorizer cannot tell. */
  readonly decide: (question: Question) => Decision | Promise<Decision>
  readonly issue: (grant: {
    readonly subject: Subject
    readonly audience: string
    readonly access: readonly ResourceActions[]
  }) => Promise<IssuedToken>
  /** Name and password of a Basic Authorization header; `undefined` for anything else. */
  readonly basicCredentials: (authorization: string | undefined) => Credentials | undefined
  /** Whether an Authorization header says anything, understood or not; if so, no certificate speaks for the client. */
  readonly hasLogin: (authorization: string | undefined) => boolean
  /** @throws AuditUnwritable */
  readonly audit: (exchange: TokenExchange) => Promise<void>
}
