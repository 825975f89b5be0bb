import { AppError } from '../../model/errors.ts'
import { messageOf } from '../../model/message-of.ts'

/** A worker thread did not do what all workers must do. */
export class WorkerFailed extends AppError {
  readonly code = 'WORKER_FAILED'

  constructor(number: number, cause: unknown) {
    super(`worker ${number}: ${messageOf(cause)}`, { cause })
  }
}
