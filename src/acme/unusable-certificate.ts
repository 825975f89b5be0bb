import { AcmeFailed } from '../model/errors.ts'

/** An authority issued a certificate, but not one that can be served. */
export class UnusableCertificate extends AcmeFailed {
  constructor(message: string, options: ErrorOptions = {}) {
    super('server', message, options)
  }
}
