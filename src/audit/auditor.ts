import type { AuditEvent } from '../model/audit-event.ts'
import type { RegistryExchange, TokenExchange } from '../model/exchange.ts'
import type { AppendAudit, Clock } from '../model/ports.ts'
import { type AuditSelection, createAuditFilter } from './audit-filter.ts'
import { describeRegistryExchange } from './describe-registry-exchange.ts'
import { describeTokenExchange } from './describe-token-exchange.ts'
import type { Completion } from './event-base.ts'
import { createRecentTags } from './recent-tags.ts'

/** Turns finished exchanges into lines. Both resolve when the line is with the kernel, at once when there is none. */
export interface Auditor {
  /** @throws AuditUnwritable */
  registry(exchange: RegistryExchange): Promise<void>
  /** @throws AuditUnwritable */
  token(exchange: TokenExchange): Promise<void>
}

/** `monotonic` is the clock of `Peer.startedMs`. */
export function createAuditor(options: {
  readonly append: AppendAudit
  readonly clock: Clock
  readonly monotonic: () => number
  readonly selection: AuditSelection
}): Auditor {
  const { append, clock, monotonic } = options
  const isSelected = createAuditFilter(options.selection)
  const withRecentTag = createRecentTags({ clock })
  const now = (): Completion => ({ at: clock(), monotonicMs: monotonic() })
  const write = async (event: AuditEvent): Promise<void> => {
    if (isSelected(event)) await append(event)
  }
  return {
    registry: exchange => write(withRecentTag(describeRegistryExchange(exchange, now()))),
    token: exchange => write(describeTokenExchange(exchange, now())),
  }
}
