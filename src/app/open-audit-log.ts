import { hostname } from 'node:os'
import { join } from 'node:path'
import type { AuditSink } from '../audit/writer/audit-sink.ts'
import { createAuditWriter } from '../audit/writer/audit-writer.ts'
import { keepFiles } from '../audit/writer/keep-files.ts'
import type { Config } from '../config/schema.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { AuditSinks } from './audit-sinks/open-audit-sinks.ts'

/** Where the audit log keeps its head, its key and the positions of its sinks. */
export function auditStateDir({ state_dir }: Pick<Config, 'state_dir'>): string {
  return join(state_dir, 'audit')
}

/** The audit log of a configuration, with the keeping of its old files. @throws AuditUnwritable */
export async function openAuditLog(
  config: Config,
  {
    sinks,
    ...effects
  }: {
    readonly log: Log
    readonly clock: Clock
    readonly newId: () => string
    /** They read what is written. */
    readonly sinks: Pick<AuditSinks, 'wake' | 'oldestNeededSeq'>
  },
): Promise<AuditSink> {
  const { audit } = config
  const { file, mode, sync, ballast, pulls } = audit
  const keeping: { look?: () => void } = {}
  const sink = await createAuditWriter({
    ...effects,
    file,
    mode,
    sync,
    ballast,
    pulls,
    node: audit.node ?? hostname(),
    stateDir: auditStateDir(config),
    isChained: audit.chain,
    checkpointMs: audit.checkpoint_interval,
    rotation: { maxSize: audit.max_size, isDaily: audit.daily },
    graceMs: audit.grace,
    onWritten: sinks.wake,
    onRotated: () => keeping.look?.(),
  })
  if (file === '-') return sink
  const files = keepFiles({
    ...effects,
    file,
    isCompressed: audit.compress,
    maxFiles: audit.max_files,
    maxAgeMs: audit.max_age,
    neededFrom: sinks.oldestNeededSeq,
    append: sink.append,
    isWell: () => sink.status().degraded === undefined,
  })
  keeping.look = files.look
  files.look()
  return {
    ...sink,
    close: async () => {
      await files.close()
      await sink.close()
    },
  }
}
