import t from 'tap'
import { createRemoteAuditor } from '../../src/app/workers/remote-auditor.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'

const DENIED: AuditEvent = {
  time: '2026-11-24T16:06:00.123Z',
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  action: 'pull',
  kind: 'manifest',
  outcome: 'denied',
  actor: { name: 'ann', kind: 'user' },
}

t.test(
  'a worker that refuses reads goes on as soon as the owner does, without a line in between',
  async t => {
    let reason: string | undefined = 'ENOSPC'
    const asked: string[] = []
    const owner = {
      ask: (call: string) => {
        asked.push(call)
        return Promise.resolve(reason)
      },
    }
    const auditor = createRemoteAuditor(owner as unknown as Parameters<typeof createRemoteAuditor>[0], {
      clock: Date.now,
      selection: { level: 'blobs', omit: [] },
    })
    t.equal(await auditor.refusal('read'), undefined, 'nothing is known yet')
    await auditor.event(DENIED)
    t.equal(await auditor.refusal('read'), 'ENOSPC')
    reason = undefined
    t.equal(await auditor.refusal('read'), undefined)
    t.equal(await auditor.refusal('read'), undefined)
    t.strictSame(asked, ['audit', 'auditRefusal', 'auditRefusal'], 'while all is well nothing is asked')
  },
)
