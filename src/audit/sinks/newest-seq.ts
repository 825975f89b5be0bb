import { listAuditFiles } from '../reading/list-audit-files.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'
import { parseRecord } from '../reading/parse-record.ts'
import { readLines } from '../reading/read-lines.ts'
import { lastSeqOf } from './seek-seq.ts'

/** Number of the last line of the log, 0 when it has none. @throws the error of the file system. */
export async function newestSeq(active: string): Promise<number> {
  const { files } = await listAuditFiles(active).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return { files: [] }
    throw error
  })
  const newest = files.findLast(({ firstSeq }) => firstSeq !== undefined)
  if (newest === undefined) return 0
  if (newest.isCompressed) return await lastOfCompressed(newest)
  const handle = await openAuditFile(newest.path)
  return (await lastSeqOf(handle).finally(() => handle.close())) ?? newest.firstSeq ?? 0
}

/** Number of the last line of the active file; `undefined` when it has none or cannot be read. Never rejects. */
export async function activeSeq(active: string): Promise<number | undefined> {
  try {
    const handle = await openAuditFile(active)
    return await lastSeqOf(handle).finally(() => handle.close())
  } catch {
    // Whoever writes it says so.
    return undefined
  }
}

async function lastOfCompressed(file: Parameters<typeof readLines>[0]): Promise<number> {
  let last = 0
  for await (const item of readLines(file)) {
    if (item.kind !== 'lines') continue
    const parsed = parseRecord(item.lines.at(-1) ?? '')
    if (parsed.outcome === 'record') last = parsed.record.seq
  }
  return last
}
