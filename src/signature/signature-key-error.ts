import { AppError } from '../model/errors.ts'

/** Keys of a signature rule that cannot be used; `path` is where the configuration gives them. */
export class SignatureKeyError extends AppError {
  readonly code = 'SIGNATURE_KEY'
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.path = path
  }
}
