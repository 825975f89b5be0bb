import type { ContentChange } from '../../content/freshness.ts'
import type { Log } from '../../model/ports.ts'
import { Secret } from '../../model/secret.ts'
import type { Live } from '../live.ts'
import type { Parts } from '../parts.ts'
import type { LentLocks } from './lent-locks.ts'
import type { OwnerCalls, ProbeResult } from './worker-calls.ts'

/** What the owner does for one worker. */
export function createOwnerAnswers(
  parts: Parts,
  live: Live,
  worker: {
    readonly number: number
    readonly locks: LentLocks
    readonly announce: (change: ContentChange) => Promise<void>
  },
): OwnerCalls {
  const { uploads, log, upstream } = parts
  const { number, locks, announce } = worker
  return {
    audit: async event => {
      await live.audit().event(event)
      return await live.audit().refusal('read')
    },
    auditRefusal: async request => await live.audit().refusal(request),
    authenticate: ({ name, password }) =>
      live.authority().authenticate({ name, password: new Secret(password) }),
    decide: async question => live.authority().decide(question),
    beginUpload: ({ id, session }) => uploads.begin(id, session),
    findUpload: id => uploads.find(id),
    receivedUpload: ({ id, bytes }) => uploads.received(id, bytes),
    endUpload: id => uploads.end(id),
    lock: lease => locks.lock(lease),
    unlock: id => locks.unlock(id),
    probe: async () => {
      await upstream.probe.check()
      return probeResult(parts)
    },
    announce,
    log: async ({ level, message, fields }) => write(log, level, [message, { ...fields, worker: number }]),
  }
}

/** What the registry said last. */
export function probeResult({ upstream: { probe } }: Parts): ProbeResult {
  return { state: probe.current(), service: probe.service() }
}

function write(log: Log, level: keyof Log, call: Parameters<Log['info']>): void {
  log[level](...call)
}
