import { AppError } from '../model/errors.ts'

/** No distribution registry can be run here; the message says what to install. */
export class RegistryNotFound extends AppError {
  readonly code = 'REGISTRY_NOT_FOUND'
}

/** The registry that we run did not come up; the message holds what it said. */
export class RegistryFailed extends AppError {
  readonly code = 'REGISTRY_FAILED'
}
