import { oneLine } from './one-line.ts'

/** Root of the errors that we throw on purpose. `message` may reach a client, `cause` only the log. */
export abstract class AppError extends Error {
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** One fault of a configuration; `line` and `column` count from 1, 0 when the place is unknown. */
export interface ConfigIssue {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Dotted path of the key, `acl.3.match.name`; `''` for the document. */
  readonly path: string
  readonly message: string
  readonly hint?: string
}

/** The configuration cannot be used; `issues` holds every fault found, in the file's order. */
export class ConfigError extends AppError {
  readonly code = 'CONFIG_INVALID'
  readonly issues: readonly ConfigIssue[]

  constructor(issues: readonly ConfigIssue[]) {
    super(`${issues.length} configuration error${issues.length === 1 ? '' : 's'}`)
    this.issues = issues
  }
}

const OCI_STATUS = {
  UNAUTHORIZED: 401,
  DENIED: 403,
  NAME_INVALID: 400,
  TAG_INVALID: 400,
  DIGEST_INVALID: 400,
  MANIFEST_INVALID: 400,
  BLOB_UPLOAD_INVALID: 400,
  SIZE_INVALID: 413,
  PAGINATION_NUMBER_INVALID: 400,
  NOT_FOUND: 404,
  NAME_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
} as const

/** An error code of the registry API. Spec: OCI distribution-spec 1.1, "Error Codes". */
export type OciCode = keyof typeof OCI_STATUS

/** An answer that ends a request under `/v2`, sent as the registry's JSON error envelope. */
export class OciError extends AppError {
  readonly code = 'OCI_ERROR'
  readonly oci: OciCode
  readonly status: number
  readonly detail: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(
    oci: OciCode,
    message: string,
    options: {
      readonly status?: number
      readonly detail?: unknown
      readonly headers?: Readonly<Record<string, string>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.oci = oci
    this.status = options.status ?? OCI_STATUS[oci]
    this.detail = options.detail
    this.headers = options.headers ?? {}
  }
}

/** The registry behind us cannot be asked; `phase` says how far the request came. */
export class UpstreamUnavailable extends AppError {
  readonly code = 'UPSTREAM_UNAVAILABLE'
  readonly phase: 'connect' | 'headers' | 'refused'

  constructor(phase: 'connect' | 'headers' | 'refused', message: string, options?: ErrorOptions) {
    super(message, options)
    this.phase = phase
  }
}

/** `isOverload`: too many ask at once, so that nobody was asked. */
export interface UnavailableOptions extends ErrorOptions {
  readonly isOverload?: boolean
}

/** A backend cannot tell whether the credentials are right, which is not the same as wrong. */
export class AuthnUnavailable extends AppError {
  readonly code = 'AUTHN_UNAVAILABLE'
  readonly retryAfterSeconds: number
  readonly isOverload: boolean

  constructor(message: string, retryAfterSeconds: number, options: UnavailableOptions = {}) {
    super(message, options)
    this.retryAfterSeconds = retryAfterSeconds
    this.isOverload = options.isOverload ?? false
  }
}

/** An authorizer cannot tell whether something is allowed, which is not the same as denied. */
export class AuthzUnavailable extends AppError {
  readonly code = 'AUTHZ_UNAVAILABLE'
  readonly retryAfterSeconds: number
  readonly isOverload: boolean

  constructor(message: string, retryAfterSeconds: number, options: UnavailableOptions = {}) {
    super(message, options)
    this.retryAfterSeconds = retryAfterSeconds
    this.isOverload = options.isOverload ?? false
  }
}

/** The audit line could not be written, so the operation must not be acknowledged. */
export class AuditUnwritable extends AppError {
  readonly code = 'AUDIT_UNWRITABLE'
}

/**
 * Why a certificate authority did not do what it was asked. `network`: not reached, or not trusted; `server`: its own
 * fault, 5xx; `limited`: a rate limit; `validation`: a name could not be verified; `replaced`: it does not accept
 * `replaces`; `account`: it does not know our account; `refused`: it will not issue this (CAA, policy, EAB, terms, paused).
 */
export type AcmeFailure = 'network' | 'server' | 'limited' | 'validation' | 'replaced' | 'account' | 'refused'

const LONGEST_MESSAGE = 4_000

/** A certificate authority did not issue, renew or revoke; the message is for the operator. */
export class AcmeFailed extends AppError {
  readonly code = 'ACME_FAILED'
  readonly failure: AcmeFailure
  /** How long the authority asked us to wait, ms. */
  readonly retryAfterMs: number | undefined
  /** RFC 8555 §6.7 problem type without its URN prefix: `unauthorized`, `rateLimited`. */
  readonly problem: string | undefined

  constructor(
    failure: AcmeFailure,
    message: string,
    options: { readonly retryAfterMs?: number; readonly problem?: string; readonly cause?: unknown } = {},
  ) {
    // Authorities and name servers wrote parts of it, and it goes to logs, files and terminals.
    super(
      oneLine(message, LONGEST_MESSAGE),
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.failure = failure
    this.retryAfterMs = options.retryAfterMs
    this.problem = options.problem
  }
}
