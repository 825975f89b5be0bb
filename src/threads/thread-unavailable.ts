import { AppError } from '../model/errors.ts'

/** Another thread cannot be asked: it has ended, or too many questions wait for it. */
export class ThreadUnavailable extends AppError {
  readonly code = 'THREAD_UNAVAILABLE'
}
