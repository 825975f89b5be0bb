import type { IncomingMessage } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import type { Credentials } from '../model/credentials.ts'
import { OciError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { parseScopes, ScopeError } from '../oci/scope.ts'
import { type Fields, firstField, parseQuery, readForm } from './form.ts'
import { badRequest, TokenRefused } from './token-refused.ts'

const MAX_SHOWN = 100

/** What a client asks of the token realm. */
export interface TokenRequest {
  readonly credentials: Credentials
  readonly service: string
  readonly access: readonly ResourceActions[]
  /** POST answers name their scope (RFC 6749 §5.1). */
  readonly isPost: boolean
}

/**
 * A GET with a query or a POST with a form, read as docker_auth reads it: Basic wins over the form's username and
 * password; without either, `account` with an empty password; without anything, the anonymous subject.
 * Spec: distribution docs/spec/auth/token.md, oauth.md.
 * @throws OciError 400 with docker_auth's wording, 401 for a grant that is not offered, 405, 413.
 */
export async function parseTokenRequest(
  req: IncomingMessage,
  basic: Credentials | undefined,
): Promise<TokenRequest> {
  const isPost = req.method === 'POST'
  if (!isPost && req.method !== 'GET') {
    throw new OciError('UNSUPPORTED', 'the token realm takes GET and POST', {
      headers: { allow: 'GET, POST' },
    })
  }
  const query = parseQuery(queryOf(req.url ?? ''))
  const form = isPost ? await readForm(req) : []
  // As in Go, a field of the form comes before one of the query.
  const fields = [...form, ...query]
  refuseForeignGrant(fields)
  return {
    credentials: credentialsOf(basic ?? fromForm(form), firstField(fields, 'account')),
    service: firstField(fields, 'service'),
    access: accessOf(fields.flatMap(([name, value]) => (name === 'scope' ? [value] : []))),
    isPost,
  }
}

function queryOf(target: string): string {
  const at = target.indexOf('?')
  return at < 0 ? '' : target.slice(at + 1)
}

/** We issue no refresh tokens and no codes; saying so makes clients fall back to the password. */
function refuseForeignGrant(fields: Fields): void {
  const grant = firstField(fields, 'grant_type')
  if (grant === '' || grant === 'password') return
  throw new TokenRefused(
    'unsupported_grant_type',
    `grant type ${JSON.stringify(grant.slice(0, MAX_SHOWN))} is not offered; log in again`,
  )
}

function credentialsOf(given: Credentials | undefined, account: string): Credentials {
  if (given === undefined) return { name: account, password: new Secret('') }
  if (account !== '' && account !== given.name) {
    const names = [given.name, account].map(name => JSON.stringify(name.slice(0, MAX_SHOWN)))
    throw badRequest(`user and account are not the same (${names.join(' vs ')})`, {
      // Either may be a password typed into the wrong field.
      auditReason: 'user and account are not the same',
    })
  }
  return given
}

function fromForm(form: Fields): Credentials | undefined {
  const name = firstField(form, 'username')
  const password = firstField(form, 'password')
  return name === '' || password === '' ? undefined : { name, password: new Secret(password) }
}

function accessOf(scopes: readonly string[]): readonly ResourceActions[] {
  try {
    return parseScopes(scopes)
  } catch (error) {
    if (error instanceof ScopeError) throw badRequest(error.message, { oauth: 'invalid_scope' })
    throw error
  }
}
