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

interface World {
  /** What the owner says of reads. */
  reason?: string | undefined
  ms: number
  readonly asked: string[]
}

function createAuditor() {
  const world: World = { ms: 0, asked: [] }
  const owner = {
    ask: (call: string) => {
      world.asked.push(call)
      return Promise.resolve(world.reason)
    },
  }
  const auditor = createRemoteAuditor(owner as unknown as Parameters<typeof createRemoteAuditor>[0], {
    clock: Date.now,
    monotonic: () => world.ms,
    selection: { level: 'blobs', omit: [] },
  })
  return { auditor, world }
}

t.test(
  'a worker that refuses reads goes on as soon as the owner does, without a line in between',
  async t => {
    const { auditor, world } = createAuditor()
    world.reason = 'ENOSPC'
    await auditor.event(DENIED)
    t.equal(await auditor.refusal('read'), 'ENOSPC')
    world.reason = undefined
    t.equal(await auditor.refusal('read'), undefined)
    t.strictSame(world.asked, ['audit', 'auditRefusal', 'auditRefusal'])
  },
)

t.test('a worker asks for the first read, and when it has not heard of the log for a second', async t => {
  const { auditor, world } = createAuditor()
  t.equal(await auditor.refusal('read'), undefined)
  world.reason = 'ENOSPC'
  world.ms = 999
  t.equal(await auditor.refusal('read'), undefined)
  world.ms = 1000
  t.equal(await auditor.refusal('read'), 'ENOSPC')
  t.equal(await auditor.refusal('write'), 'ENOSPC')
  t.strictSame(world.asked, ['auditRefusal', 'auditRefusal', 'auditRefusal'])
})
