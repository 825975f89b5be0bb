import { AppError } from '../model/errors.ts'

/** A certificate or key file that cannot be used; `file` is its path and the message begins with it. */
export class CertificateFileError extends AppError {
  readonly code = 'CERTIFICATE_FILE_INVALID'
  readonly file: string

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options)
    this.file = file
  }
}
