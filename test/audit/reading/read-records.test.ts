import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listAuditFiles } from '../../../src/audit/reading/list-audit-files.ts'
import { filesInTime, readRecords } from '../../../src/audit/reading/read-records.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { lines, writeLog } from './log-files.ts'

const file = (path: string, firstTime: string | undefined) => ({
  path,
  isCompressed: false,
  firstSeq: 1,
  firstTime,
})
const FILES = [
  file('1', '2026-11-01T00:00:00.000Z'),
  file('2', '2026-11-02T00:00:00.000Z'),
  file('3', '2026-11-03T00:00:00.000Z'),
  file('active', undefined),
]

const SPANS = [
  { since: undefined, until: undefined, paths: ['1', '2', '3', 'active'] },
  { since: '2026-11-02T12:00:00Z', until: undefined, paths: ['2', '3', 'active'] },
  { since: undefined, until: '2026-11-01T12:00:00Z', paths: ['1', 'active'] },
  { since: '2026-11-02T12:00:00Z', until: '2026-11-02T13:00:00Z', paths: ['2', 'active'] },
  // A clock may have been set back.
  { since: '2026-11-02T00:30:00Z', until: undefined, paths: ['1', '2', '3', 'active'] },
]

for (const { since, until, paths } of SPANS) {
  t.test(`files from ${since} to ${until}: ${paths}`, async t => {
    const span = {
      since: since === undefined ? undefined : Date.parse(since),
      until: until === undefined ? undefined : Date.parse(until),
    }
    t.strictSame(
      filesInTime(FILES, span).map(({ path }) => path),
      paths,
    )
  })
}

t.test('a file that goes away meanwhile is told of, and the others are read', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  writeLog(`${active}.1`, lines(1, 2))
  writeLog(active, lines(3, 4))
  const { files } = await listAuditFiles(active)
  rmSync(`${active}.1`)
  const seen: number[] = []
  const broken: string[] = []
  for await (const batch of readRecords(files, { select: ({ seq }) => seq !== 3 })) {
    seen.push(...batch.found.map(({ record }) => record.seq))
    broken.push(...batch.broken.map(({ path, number, reason }) => `${path}:${number} ${reason}`))
  }
  t.strictSame(seen, [4])
  t.match(broken, [new RegExp(`^${active}\\.1:0 ENOENT`)])
})
