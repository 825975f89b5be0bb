import bcrypt from 'bcryptjs'
import {
  type LandwaiterOptions,
  startLandwaiter,
  type TestAnswer,
  type TestLandwaiter,
} from '../support/landwaiter.ts'
import type { Scope } from '../support/scope.ts'

/** The service of every realm here. */
export const SERVICE = 'registry.test'

/** The users of docker_auth's observed cases; passwords of their own, cost 4. */
export const USERS = {
  admin: { password: hash('admin-password') },
  UP: { password: hash('a:b:c') },
  ümlaut: { password: hash('pässword') },
  'q"t': { password: hash('x') },
  labelled: { password: hash('labelled-password'), labels: { team: ['a', 'b'] } },
  locked: { password: '' },
  nopw: {},
  nullu: null,
  '': {},
}

/** `admin` may do everything, others what their labels say, everybody may pull. */
export const ACL = [
  { match: { account: 'admin' }, actions: ['*'] },
  { match: { name: 'dev-${labels:team}/*' }, actions: ['push', 'pull'] },
  { match: { account: 'labelled', name: '*-?/*' }, actions: [] },
  { match: { type: 'repository' }, actions: ['pull'] },
]

/** A token as its claims say, or the refusal. */
export interface RealmAnswer {
  readonly status: number
  readonly sub?: string
  readonly aud?: string
  readonly access?: readonly { readonly type: string; readonly name: string; readonly actions: string[] }[]
  readonly message?: string
}

/** Starts a realm without a registry behind it. */
export function startRealm(
  t: Scope,
  config: LandwaiterOptions['config'] = {},
  options: Pick<LandwaiterOptions, 'clock'> = {},
): Promise<TestLandwaiter> {
  return startLandwaiter(t, {
    ...options,
    config: {
      token: { service: SERVICE, issuer: 'Acme "auth" server' },
      registry: { upstream: 'http://127.0.0.1:9' },
      users: USERS,
      acl: ACL,
      ...config,
    },
  })
}

/** What a test compares of an answer of the realm. */
export function realmAnswer({ status, text }: TestAnswer): RealmAnswer {
  const body = text === '' ? {} : JSON.parse(text)
  if (status !== 200) return { status, message: body.errors?.[0]?.message }
  const { sub, aud, access } = claims(body.token)
  return { status, sub, aud, access }
}

/** The claims of a token, unverified. */
export function claims(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** The header of Basic credentials `user:password`. */
export function basicHeader(credentials: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** Body and header of a url-encoded form. */
export function urlencoded(body: string, type = 'application/x-www-form-urlencoded') {
  return { method: 'POST', body, headers: { 'content-type': type } }
}

/** Body and header of a multipart form. */
export function multipart(fields: readonly (readonly [name: string, value: string])[]) {
  const parts = fields.map(
    ([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return {
    method: 'POST',
    body: `${parts.join('')}--XX--\r\n`,
    headers: { 'content-type': 'multipart/form-data; boundary=XX' },
  }
}

function hash(password: string): string {
  return bcrypt.hashSync(password, 4)
}
