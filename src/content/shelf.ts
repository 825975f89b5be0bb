import type { IncomingHttpHeaders } from 'node:http'
import type { AnswerHead } from '../model/exchange.ts'
import type { Reference } from '../model/reference.ts'
import type { Asked, Found } from './answer-cache.ts'

/** A read that memory may answer. */
export interface Ask {
  readonly repository: string
  readonly reference: Reference
  readonly isHead: boolean
  readonly headers: IncomingHttpHeaders
}

/** What the registry has answered. */
export interface Learnt {
  readonly head: AnswerHead
  readonly asked: Asked
}

/** Collects one answer on its way to the client. */
export interface Learning {
  add?(piece: Uint8Array): void
  /** The answer is over; `isWhole` when the client got all of it. */
  end(isWhole: boolean): void
}

/** One kind of content in memory. */
export interface Shelf {
  readonly name: string
  find(ask: Ask): Found | undefined
  /** To be called before the registry is asked. */
  asking(): Asked
  /** Undefined when this answer is none to keep. */
  learn(ask: Ask, learnt: Learnt): Learning | undefined
}
