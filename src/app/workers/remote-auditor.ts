import { type AuditSelection, createAuditFilter } from '../../audit/audit-filter.ts'
import type { Auditor } from '../../audit/auditor.ts'
import { createExchangeDescriber } from '../../audit/exchange-describer.ts'
import type { AuditEvent } from '../../model/audit-event.ts'
import { AuditUnwritable } from '../../model/errors.ts'
import type { Clock } from '../../model/ports.ts'
import { ThreadUnavailable } from '../../threads/thread-unavailable.ts'
import type { Owner } from './owner.ts'

/** How long what the owner has said of reads holds without being asked again. */
const FRESH_MS = 1000

/**
 * Describes what happened here; the owner, who knows what other workers have seen, makes lines of it. `monotonic` is
 * the clock of `Peer.startedMs`.
 */
export function createRemoteAuditor(
  owner: Owner,
  {
    clock,
    monotonic,
    selection,
  }: { readonly clock: Clock; readonly monotonic: () => number; readonly selection: AuditSelection },
): Auditor {
  const isSelected = createAuditFilter(selection)
  let refusedReads: string | undefined
  let knownMs = Number.NEGATIVE_INFINITY
  const heard = (refused: string | undefined) => {
    refusedReads = refused
    knownMs = monotonic()
    return refused
  }
  const write = async (event: AuditEvent): Promise<void> => {
    // A manifest may teach the owner its tag, even when it is no line.
    const teaches = event.kind === 'manifest' || event.kind === 'index'
    if (!teaches && !isSelected(event)) return
    heard(await owner.ask('audit', event).catch(unwritable))
  }
  return {
    ...createExchangeDescriber({ write, clock, monotonic }),
    event: write,
    // Reads are many: that they may go on was said with the last line. That they may not is asked anew each time,
    // for not every refused read is a line.
    refusal: request => {
      if (request === 'write') return owner.ask('auditRefusal', request).catch(unwritable)
      const isKnown = refusedReads === undefined && monotonic() - knownMs < FRESH_MS
      return isKnown ? undefined : owner.ask('auditRefusal', request).then(heard, unwritable)
    },
  }
}

function unwritable(error: unknown): never {
  if (!(error instanceof ThreadUnavailable)) throw error
  throw new AuditUnwritable('the audit log is in another thread, which cannot be asked', { cause: error })
}
