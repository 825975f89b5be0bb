import { AppError } from '../model/errors.ts'

/** A key or certificate file that cannot be used; `message` begins with its path. */
export class KeyFileError extends AppError {
  readonly code = 'KEY_FILE'
  readonly file: string

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options)
    this.file = file
  }
}
