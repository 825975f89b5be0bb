import { type AuditSelection, createAuditFilter } from '../../audit/audit-filter.ts'
import type { Auditor } from '../../audit/auditor.ts'
import { createExchangeDescriber } from '../../audit/exchange-describer.ts'
import type { AuditEvent } from '../../model/audit-event.ts'
import { AuditUnwritable } from '../../model/errors.ts'
import type { Clock } from '../../model/ports.ts'
import { ThreadUnavailable } from '../../threads/thread-unavailable.ts'
import type { Owner } from './owner.ts'

/** Describes what happened here; the owner, who knows what other workers have seen, makes lines of it. */
export function createRemoteAuditor(
  owner: Owner,
  { clock, selection }: { readonly clock: Clock; readonly selection: AuditSelection },
): Auditor {
  const isSelected = createAuditFilter(selection)
  let refusedReads: string | undefined
  const write = async (event: AuditEvent): Promise<void> => {
    // A manifest may teach the owner its tag, even when it is no line.
    const teaches = event.kind === 'manifest' || event.kind === 'index'
    if (!teaches && !isSelected(event)) return
    refusedReads = await owner.ask('audit', event).catch(unwritable)
  }
  return {
    ...createExchangeDescriber({ write, clock, monotonic: () => performance.now() }),
    event: write,
    // Reads are many: that they may go on was said with the last line. That they may not is asked anew each time,
    // for not every refused read is a line.
    refusal: async request => {
      if (request === 'read' && refusedReads === undefined) return undefined
      const reason = await owner.ask('auditRefusal', request).catch(unwritable)
      if (request === 'read') refusedReads = reason
      return reason
    },
  }
}

function unwritable(error: unknown): never {
  if (!(error instanceof ThreadUnavailable)) throw error
  throw new AuditUnwritable('the audit log is in another thread, which cannot be asked', { cause: error })
}
