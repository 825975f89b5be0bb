import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Identity, Peer, RegistryExchange, Transfer } from '../model/exchange.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import type { GuardedForwardPorts } from './guarded-forward.ts'
import type { ListPorts } from './send-list.ts'
import type { SignatureGuardPorts } from './signature-guard.ts'
import type { UploadSessions } from './upload-sessions.ts'

/** What an Authorization header proves. `access` is a token's; with a password the policy alone decides. */
export type Identification =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'invalid'; readonly reason: string; readonly account?: string }
  | {
      readonly outcome: 'identified'
      readonly identity: Identity
      readonly access?: readonly ResourceActions[]
      readonly expired: boolean
    }

/** Status and headers of the registry's answer, as they will go to the client. */
export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytesIn: number
}

/** One permitted request on its way to the registry. */
export interface ForwardOptions {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly peer: Peer
  readonly request: RegistryRequest
  readonly identity: Identity
  /** The client's token is out of date, but may still end its upload. */
  readonly isTokenExpired: boolean
  readonly access: readonly ResourceActions[]
  /** Awaited before the answer's head goes out; a throw replaces the answer. */
  readonly beforeAnswer: (head: AnswerHead) => Promise<void>
}

/** Everything that `/v2` needs; a test passes closures. */
export interface RegistryPorts extends ListPorts, SignatureGuardPorts, GuardedForwardPorts {
  readonly clock: Clock
  readonly log: Log
  readonly uploads: UploadSessions
  /** @throws AuthnUnavailable when a backend cannot tell. */
  readonly identify: (authorization: string | undefined) => Promise<Identification>
  /** @throws AuthzUnavailable when an authorizer cannot tell. */
  readonly decide: (question: Question) => Promise<Decision>
  readonly service: () => string
  /** Denied reads of those who are logged in look as if nothing were there. */
  readonly hideUnauthorized: () => boolean
  /** The URL of the token realm for a client that came to `peer.host`. */
  readonly realm: (peer: Peer) => string
  /** @throws UpstreamUnavailable before the answer's head. */
  readonly forward: (options: ForwardOptions) => Promise<Transfer>
  /** @throws AuditUnwritable */
  readonly audit: (exchange: RegistryExchange) => Promise<void>
}
