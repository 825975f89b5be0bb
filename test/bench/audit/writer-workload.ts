import { join } from 'node:path'
import { openWriter, PULLED } from '../../support/audit-writer.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { Workload } from '../data-path/workload.ts'
import { withScope } from '../with-scope.ts'
import type { AuditDoor, AuditSettingName } from './audit-door.ts'

const WAITING = 64
const SECONDS = 2

/** Lines that the writer takes in a second when 64 requests wait for theirs at any time. */
export function writerWorkload(): Workload<AuditDoor> {
  return {
    name: `the writer alone, ${WAITING} lines at a time`,
    metrics: [{ name: 'lines/s' }],
    servers: ['on', 'unchained', 'always'],
    run: async ({ name }) => ({ 'lines/s': await linesPerSecond(name) }),
  }
}

function linesPerSecond(name: AuditSettingName): Promise<number> {
  return withScope(async scope => {
    const { sink } = await openWriter(scope, join(tempDir(scope), 'audit.jsonl'), {
      sync: name === 'always' ? 'always' : 'interval',
      isChained: name !== 'unchained',
    })
    let lines = 0
    const start = performance.now()
    const end = start + SECONDS * 1_000
    const keepWriting = async () => {
      while (performance.now() < end) {
        await sink.append(PULLED)
        lines += 1
      }
    }
    await Promise.all(Array.from({ length: WAITING }, keepWriting))
    return lines / ((performance.now() - start) / 1_000)
  })
}
