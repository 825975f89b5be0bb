import { STATUS_CODES } from 'node:http'
import type { AuditEvent, AuditOutcome } from '../model/audit-event.ts'
import type { RegistryExchange } from '../model/exchange.ts'
import { actorOf, type Completion, peerFields } from './event-base.ts'
import { type Operation, operationOf } from './operation.ts'

/**
 * The event of one finished request under `/v2`, whatever it was; the level decides later whether it is written.
 * A wrong password is a denied `login`, whatever the request asked for. An answer of 400 and above is no success.
 */
export function describeRegistryExchange(exchange: RegistryExchange, completed: Completion): AuditEvent {
  const outcome = outcomeOf(exchange)
  const isLogin = exchange.account !== undefined && exchange.identity === undefined
  const operation = operationOf(exchange, outcome)
  return {
    ...peerFields(exchange.peer, completed),
    ...operation,
    ...(isLogin ? LOGIN : undefined),
    outcome,
    status: exchange.status,
    actor: actorOf(exchange.identity, exchange.account),
    ...transferFields(exchange, operation),
    rule: exchange.rule,
    reason: exchange.reason ?? defaultReason(outcome, exchange),
  }
}

const LOGIN = { action: 'login', kind: 'session' } as const

function outcomeOf({ outcome, status }: RegistryExchange): AuditOutcome {
  return outcome === 'success' && status >= 400 ? 'failed' : outcome
}

/** Zero bytes say something only about a download that was cut short. */
function transferFields({ transfer, outcome }: RegistryExchange, { action }: Operation): Partial<AuditEvent> {
  if (transfer === undefined) return {}
  const showsNone = action === 'pull' && outcome === 'aborted'
  return {
    bytes_in: transfer.bytesIn > 0 ? transfer.bytesIn : undefined,
    bytes_out:
      transfer.redirected !== true && (transfer.bytesOut > 0 || showsNone) ? transfer.bytesOut : undefined,
    redirected: transfer.redirected === true ? true : undefined,
  }
}

/** Whether a client left by itself or was cut off by us cannot be told from its connection. */
function defaultReason(outcome: AuditOutcome, { status, transfer }: RegistryExchange): string | undefined {
  if (outcome === 'aborted') return transfer?.cut ?? "the client's connection was closed"
  const isTold = outcome === 'failed' || outcome === 'limited'
  return isTold ? `${status} ${STATUS_CODES[status] ?? ''}`.trim().toLowerCase() : undefined
}
