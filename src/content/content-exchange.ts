import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AnswerHead, AnswerTap, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'

/** As much of one permitted request as an answer from our own content needs. */
export interface ContentExchange {
  readonly req: Pick<IncomingMessage, 'method'> & { readonly headers: IncomingHttpHeaders }
  readonly res: ServerResponse
  readonly request: RegistryRequest
  /** Awaited before the answer's head goes out; a throw replaces the answer. */
  readonly beforeAnswer: (head: AnswerHead) => Promise<void>
  readonly tap?: AnswerTap
  /** Awaited when all but the end of a whole answer is out, with what will then have gone over the wire. */
  readonly beforeEnd?: ((transfer: Transfer) => Promise<void>) | undefined
}

/** Carries one request to the registry, or to the next that may answer it. */
export type Forward<E> = (exchange: E) => Promise<Transfer>
