import type { RegistryExchange, TokenExchange } from '../model/exchange.ts'
import type { AppendAudit, Clock } from '../model/ports.ts'
import { describeRegistryExchange } from './describe-registry-exchange.ts'
import { describeTokenExchange } from './describe-token-exchange.ts'
import type { Completion } from './event-base.ts'

/** Takes finished exchanges as events, as of now. Both settle as `write` does. */
export interface ExchangeDescriber {
  /** @throws AuditUnwritable */
  registry(exchange: RegistryExchange): Promise<void>
  /** @throws AuditUnwritable */
  token(exchange: TokenExchange): Promise<void>
}

/** `monotonic` is the clock of `Peer.startedMs`. */
export function createExchangeDescriber(options: {
  readonly write: AppendAudit
  readonly clock: Clock
  readonly monotonic: () => number
}): ExchangeDescriber {
  const { write, clock, monotonic } = options
  const now = (): Completion => ({ at: clock(), monotonicMs: monotonic() })
  return {
    registry: exchange => write(describeRegistryExchange(exchange, now())),
    token: exchange => write(describeTokenExchange(exchange, now())),
  }
}
