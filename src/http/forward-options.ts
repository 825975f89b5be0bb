import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import type { AnswerHead, AnswerTap, Identity, Peer, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'

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
  readonly tap?: AnswerTap
  /** Awaited when all but the end of a whole answer is out, with what will then have gone over the wire. */
  readonly beforeEnd?: ((transfer: Transfer) => Promise<void>) | undefined
}
