import {
  AuditUnwritable,
  AuthnUnavailable,
  AuthzUnavailable,
  OciError,
  UpstreamUnavailable,
} from '../model/errors.ts'

/** An error as it goes from thread to thread; the structured clone would lose its class and its fields. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: unknown
  /** Fields of our own errors, as their class has them. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause: WireError | undefined
}

/** Errors that tell each other as causes; a longer chain is cut. */
const MAX_CAUSES = 8
const FIELDS = ['oci', 'status', 'detail', 'headers', 'phase', 'retryAfterSeconds', 'isOverload'] as const

/** Anything that was thrown, as data. */
export function toWire(thrown: unknown, depth = 0): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, message, stack, cause } = error
  const fields = Object.fromEntries(
    FIELDS.flatMap(field => (field in error ? [[field, Reflect.get(error, field)]] : [])),
  )
  const code = 'code' in error && isPlain(error.code) ? error.code : undefined
  const hasCause = cause !== undefined && depth < MAX_CAUSES
  return { name, message, stack, code, fields, cause: hasCause ? toWire(cause, depth + 1) : undefined }
}

/** The error again: of its own class where a caller tells it from others by that, else with its name and code. */
export function fromWire(wire: WireError): Error {
  const error = rebuild(wire)
  if (wire.stack !== undefined) error.stack = wire.stack
  return error
}

function rebuild({ name, message, code, fields, cause }: WireError): Error {
  const options = cause === undefined ? {} : { cause: fromWire(cause) }
  const isOverload = fields['isOverload'] === true
  switch (code) {
    case 'AUDIT_UNWRITABLE':
      return new AuditUnwritable(message, options)
    case 'AUTHN_UNAVAILABLE':
      return new AuthnUnavailable(message, Number(fields['retryAfterSeconds']), { ...options, isOverload })
    case 'AUTHZ_UNAVAILABLE':
      return new AuthzUnavailable(message, Number(fields['retryAfterSeconds']), { ...options, isOverload })
    case 'UPSTREAM_UNAVAILABLE':
      return new UpstreamUnavailable(fields['phase'] as UpstreamUnavailable['phase'], message, options)
    case 'OCI_ERROR':
      return new OciError(fields['oci'] as OciError['oci'], message, {
        status: Number(fields['status']),
        detail: fields['detail'],
        headers: fields['headers'] as OciError['headers'],
        ...options,
      })
    default: {
      const error = new Error(message, options)
      error.name = name
      return code === undefined ? error : Object.assign(error, { code })
    }
  }
}

function isPlain(code: unknown): boolean {
  return typeof code === 'string' || typeof code === 'number'
}
