import type { AuditEvent } from '../model/audit-event.ts'
import type { AppendAudit, Clock } from '../model/ports.ts'
import { type AuditSelection, createAuditFilter } from './audit-filter.ts'
import { createExchangeDescriber, type ExchangeDescriber } from './exchange-describer.ts'
import { createRecentTags } from './recent-tags.ts'

/** Turns what happened into lines. Each resolves when the line is with the kernel, at once when there is none. */
export interface Auditor extends ExchangeDescriber {
  /** What another thread has described. @throws AuditUnwritable */
  event(event: AuditEvent): Promise<void>
  /** Why a request must not be let in while the log cannot be written; `undefined` when it may. */
  refusal(request: 'read' | 'write'): string | undefined | Promise<string | undefined>
}

/** `monotonic` is the clock of `Peer.startedMs`. */
export function createAuditor(options: {
  readonly append: AppendAudit
  readonly refusal: Auditor['refusal']
  readonly clock: Clock
  readonly monotonic: () => number
  readonly selection: AuditSelection
}): Auditor {
  const { append, refusal, clock, monotonic } = options
  const isSelected = createAuditFilter(options.selection)
  const withRecentTag = createRecentTags({ clock })
  const write = async (described: AuditEvent): Promise<void> => {
    const event = withRecentTag(described)
    if (isSelected(event)) await append(event)
  }
  return { ...createExchangeDescriber({ write, clock, monotonic }), event: write, refusal }
}
