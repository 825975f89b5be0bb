import { dirname, join } from 'node:path'
import type { AuditSink } from '../../src/audit/writer/audit-sink.ts'
import { createAuditWriter } from '../../src/audit/writer/audit-writer.ts'
import type { WriterOptions } from '../../src/audit/writer/writer-state.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import type { Log } from '../../src/model/ports.ts'
import type { Scope } from './scope.ts'

/** A writer of its own, closed at teardown, with what it said to the operational log. */
export interface TestWriter {
  readonly sink: AuditSink
  readonly said: readonly string[]
}

/** An event that confirms a push. */
export const PUSHED: AuditEvent = {
  time: '2026-11-24T16:06:00.123Z',
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  action: 'push',
  kind: 'manifest',
  outcome: 'success',
  actor: { name: 'ann', kind: 'user' },
  reason: 'x'.repeat(300),
}

/** An event of something that is over. */
export const PULLED: AuditEvent = { ...PUSHED, action: 'pull' }

/** Opens the writer on `file`, its state in a directory beside it; no chain, no ballast unless asked for. */
export async function openWriter(
  t: Scope,
  file: string,
  options: Partial<WriterOptions> = {},
): Promise<TestWriter> {
  const said: string[] = []
  const say = (level: string) => (message: string) => void said.push(`${level}: ${message}`)
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  let ids = 0
  const sink = await createAuditWriter({
    file,
    mode: 0o600,
    node: 'gw-1',
    stateDir: join(dirname(file), 'state'),
    sync: 'none',
    isChained: false,
    checkpointMs: 300_000,
    rotation: { maxSize: 0, isDaily: false },
    ballast: 0,
    graceMs: 60_000,
    pulls: 'refuse',
    log,
    clock: Date.now,
    newId: () => `own-${++ids}`,
    ...options,
  })
  t.teardown(() => sink.close())
  return { sink, said }
}
