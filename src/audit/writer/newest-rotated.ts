import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGunzip } from 'node:zlib'
import { type AuditFile, listAuditFiles } from '../reading/list-audit-files.ts'
import { type LastLine, lastLineOf } from './last-line.ts'

const TAIL = 64 * 1024

/** The newest file that was rotated away from `file`: its name without `.gz` and its last line, if there is one. */
export async function newestRotated(
  file: string,
): Promise<{ readonly name: string; readonly last: LastLine } | undefined> {
  const { files } = await listAuditFiles(file)
  const newest = files.filter(({ path }) => path !== file).at(-1)
  if (newest === undefined) return undefined
  const lines = (await readTail(newest)).toString('utf8').split('\n').slice(0, -1)
  const last = lastLineOf(lines)
  return last && { name: basename(newest.path).replace(/\.gz$/, ''), last }
}

function readTail({ path, isCompressed }: AuditFile): Promise<Buffer> {
  return isCompressed ? readCompressedTail(path) : readPlainTail(path)
}

async function readPlainTail(path: string): Promise<Buffer> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL), 0, TAIL, Math.max(0, size - TAIL))
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function readCompressedTail(path: string): Promise<Buffer> {
  let tail: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  for await (const piece of createReadStream(path).pipe(createGunzip())) {
    tail = Buffer.concat([tail, piece as Buffer]).subarray(-TAIL)
  }
  return tail
}
