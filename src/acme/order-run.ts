import type { AnswerChallenge } from '../model/certificate-authority.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Directory } from './resources.ts'
import type { SignedRequests } from './signed-requests.ts'

/** What every step of an order needs. */
export interface OrderRun {
  /** Name of the authority in messages. */
  readonly id: string
  readonly directory: Directory
  readonly requests: SignedRequests
  readonly answer: AnswerChallenge
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long the authority may take to decide about one thing. */
  readonly patienceMs: number
}
