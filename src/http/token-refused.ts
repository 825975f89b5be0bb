import { OciError } from '../model/errors.ts'

/** What the realm says of a request in the words of RFC 6749 §5.2. */
export type OauthError = 'invalid_request' | 'invalid_scope' | 'invalid_grant' | 'unsupported_grant_type'

const STATUS = {
  invalid_request: { oci: 'UNSUPPORTED', status: 400 },
  invalid_scope: { oci: 'UNSUPPORTED', status: 400 },
  invalid_grant: { oci: 'UNAUTHORIZED', status: 401 },
  // Not RFC 6749's 400: some clients turn to the password only after a 401.
  unsupported_grant_type: { oci: 'UNAUTHORIZED', status: 401 },
} as const

/** A request that the token realm refuses; `auditReason` is for the audit log where the client must know less. */
export class TokenRefused extends OciError {
  readonly oauth: OauthError
  readonly auditReason: string

  constructor(
    oauth: OauthError,
    message: string,
    { auditReason = message }: { readonly auditReason?: string } = {},
  ) {
    const { oci, status } = STATUS[oauth]
    super(oci, message, { status })
    this.oauth = oauth
    this.auditReason = auditReason
  }
}

/** A 400 in docker_auth's wording. */
export function badRequest(
  message: string,
  {
    oauth = 'invalid_request',
    auditReason,
  }: { readonly oauth?: OauthError; readonly auditReason?: string } = {},
): TokenRefused {
  return new TokenRefused(oauth, `Bad request: ${message}`, auditReason === undefined ? {} : { auditReason })
}
