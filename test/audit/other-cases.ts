import type { TokenExchange } from '../../src/model/exchange.ts'
import {
  anonymous,
  bare,
  DIGEST,
  exchange,
  manifest,
  NAME,
  peer,
  type RegistryCase,
  token,
} from './exchange.ts'

/** Lists, pings, and what is refused before any of it. */
export const OTHER_CASES: readonly RegistryCase[] = [
  [
    'tags listed',
    'yyy',
    exchange('GET', 'team/web/tags/list', {
      request: { kind: 'tags', name: NAME, page: {} },
      transfer: { size: 40, bytesOut: 40, mediaType: 'application/json' },
    }),
  ],
  [
    'the catalog listed',
    'yyy',
    exchange('GET', '_catalog', { request: { kind: 'catalog', page: {} }, transfer: { bytesOut: 40 } }),
  ],
  [
    'referrers that the registry does not know',
    'yyy',
    exchange('GET', `team/web/referrers/${DIGEST}`, {
      request: { kind: 'referrers', name: NAME, digest: DIGEST },
      status: 404,
      transfer: { bytesOut: 19 },
    }),
  ],
  ['a ping', 'nny', exchange('GET', '', { request: { kind: 'ping', head: false } })],
  [
    'a ping without credentials',
    'nny',
    bare(exchange('GET', '', { request: { kind: 'ping', head: false } })),
  ],
  [
    'a pull without credentials',
    'nny',
    bare(exchange('GET', 'team/web/manifests/1.0', { request: manifest('read', '1.0') })),
  ],
  [
    'a ping with a refused token',
    'yyy',
    {
      ...bare(exchange('GET', '', { request: { kind: 'ping', head: false } })),
      rule: 'authentication',
      reason: 'expired',
    },
  ],
  [
    'a pull with a refused token',
    'yyy',
    {
      ...bare(exchange('GET', 'team/web/manifests/1.0', { request: manifest('read', '1.0') })),
      rule: 'authentication',
      reason: 'expired',
    },
  ],
  [
    'a pull with a wrong password',
    'yyy',
    {
      ...bare(exchange('GET', 'team/web/manifests/1.0', { request: manifest('read', '1.0') })),
      account: 'ann',
      rule: 'authentication',
      reason: 'wrong user name or password',
    },
  ],
  [
    'a path outside the grammar',
    'yyy',
    {
      ...bare(exchange('PUT', 'Team/web/blobs/x', {})),
      outcome: 'failed',
      status: 400,
      reason: 'invalid name',
    },
  ],
  [
    'a list that the registry has no time for',
    'yyy',
    exchange('GET', '_catalog', {
      request: { kind: 'catalog', page: {} },
      outcome: 'limited',
      status: 429,
      transfer: { bytesOut: 40 },
    }),
  ],
  ['a question about methods', 'nny', exchange('OPTIONS', 'team/web/manifests/1.0', { status: 204 })],
]

function tokenExchange(more: Partial<TokenExchange>): TokenExchange {
  return {
    peer: { ...peer, path: '/auth' },
    outcome: 'success',
    status: 200,
    account: 'ann',
    identity: { ...token, via: 'static', tokenId: 'tk_1' },
    scopes: [],
    granted: [],
    expires: '2026-11-24T16:21:00.000Z',
    ...more,
  }
}

function refusedLogin(account: string, more: Partial<TokenExchange> = {}): TokenExchange {
  const { identity: _, expires: __, ...rest } = tokenExchange({ account })
  return { ...rest, outcome: 'denied', status: 401, reason: 'wrong user name or password', ...more }
}

const PUSH = 'repository:team/web:pull,push'

/** What happened at the token realm, by a sentence. */
export const TOKEN_CASES: readonly (readonly [string, TokenExchange])[] = [
  ['a login', tokenExchange({})],
  ['a token', tokenExchange({ scopes: [PUSH], granted: ['repository:team/web:pull'] })],
  [
    'a token that grants nothing',
    tokenExchange({ scopes: [PUSH], identity: { ...anonymous, tokenId: 'tk_1' } }),
  ],
  ['an anonymous token for nothing', tokenExchange({ identity: { ...anonymous, tokenId: 'tk_1' } })],
  ['a wrong password', refusedLogin('ann', { scopes: [PUSH] })],
  ['a password typed as a name', refusedLogin('correct horse!')],
  ['a login without a name', refusedLogin('')],
  [
    'a backend that cannot tell',
    refusedLogin('ann', { outcome: 'failed', status: 503, reason: 'try again later' }),
  ],
  [
    'more logins than can be checked',
    refusedLogin('ann', { outcome: 'limited', status: 503, reason: 'Too many logins at once' }),
  ],
  [
    'a request for an unknown service',
    refusedLogin('ann', { outcome: 'failed', status: 400, reason: 'Bad request' }),
  ],
]
