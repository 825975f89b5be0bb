import { AppError } from '../model/errors.ts'

/** A program or file of an external authenticator or authorizer that cannot be used; `message` begins with `file`. */
export class ExternalFileError extends AppError {
  readonly code = 'EXTERNAL_FILE'
  /** As the configuration names it. */
  readonly file: string

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options)
    this.file = file
  }
}
