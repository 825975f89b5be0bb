import type { IncomingMessage } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import type { Credentials } from '../model/credentials.ts'
import { OciError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { parseScopes, ScopeError } from '../oci/scope.ts'
import { type Fields, firstField, parseQuery, readForm } from './form.ts'

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
 * @throws OciError 400 with docker_auth's wording, 405, 413.
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
  const query = parseQuery((req.url ?? '').split('?')[1] ?? '')
  const form = isPost ? await readForm(req) : []
  // As in Go, a field of the form comes before one of the query.
  const fields = [...form, ...query]
  refuseForeignGrant(fields)
  return {
    credentials: credentialsOf(basic, form, firstField(fields, 'account')),
    service: firstField(fields, 'service'),
    access: accessOf(fields.flatMap(([name, value]) => (name === 'scope' ? [value] : []))),
    isPost,
  }
}

/** We issue no refresh tokens and no codes; saying so makes clients fall back to the password. */
function refuseForeignGrant(fields: Fields): void {
  const grant = firstField(fields, 'grant_type')
  if (grant === '' || grant === 'password') return
  throw new OciError(
    'UNAUTHORIZED',
    `grant type ${JSON.stringify(grant.slice(0, 40))} is not offered; log in again`,
  )
}

function credentialsOf(basic: Credentials | undefined, form: Fields, account: string): Credentials {
  const given = basic ?? fromForm(form)
  if (given === undefined || given.name === '') return { name: account, password: new Secret('') }
  if (account !== '' && account !== given.name) {
    throw badRequest(
      `user and account are not the same (${JSON.stringify(given.name)} vs ${JSON.stringify(account)})`,
    )
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
    if (error instanceof ScopeError) throw badRequest(error.message)
    throw error
  }
}

function badRequest(message: string): OciError {
  return new OciError('UNSUPPORTED', `Bad request: ${message}`, { status: 400 })
}
