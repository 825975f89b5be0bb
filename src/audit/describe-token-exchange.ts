import type { AuditEvent } from '../model/audit-event.ts'
import type { TokenExchange } from '../model/exchange.ts'
import { actorOf, type Completion, defined, peerFields } from './event-base.ts'

/**
 * The event of one finished request to the token realm: `token` when access was asked for, `login` when only the
 * name was to be proved or could not be.
 */
export function describeTokenExchange(exchange: TokenExchange, completed: Completion): AuditEvent {
  const { outcome, status, scopes, granted } = exchange
  const isLogin = isLoginOnly(exchange)
  return {
    ...peerFields(exchange.peer, completed),
    action: isLogin ? 'login' : 'token',
    kind: isLogin ? 'session' : 'token',
    outcome,
    status,
    actor: actorOf(exchange.identity, exchange.account),
    ...(scopes.length > 0 ? { scopes } : {}),
    ...(scopes.length > 0 && outcome === 'success' ? { granted } : {}),
    ...defined({ reason: exchange.reason, expires: exchange.expires }),
  }
}

/** `docker login` asks for no scope. A request that was wrong before anyone looked at its name is a `token` too. */
function isLoginOnly({ identity, scopes, status }: TokenExchange): boolean {
  if (identity === undefined) return status !== 400
  return scopes.length === 0 && identity.subject.name !== ''
}
