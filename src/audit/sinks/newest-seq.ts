import { isMissing } from '../../model/is-missing.ts'
import { listAuditFiles } from '../reading/list-audit-files.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'
import { readLastRecords } from '../reading/read-last-records.ts'
import { lastSeqOf } from './seek-seq.ts'

/** Number of the last line of the log, 0 when it has none. @throws the error of the file system. */
export async function newestSeq(active: string): Promise<number> {
  const { files } = await listAuditFiles(active).catch((error: unknown) => {
    if (isMissing(error)) return { files: [] }
    throw error
  })
  const [newest] = await readLastRecords(files, { count: 1, select: () => true })
  return newest?.record.seq ?? 0
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
