import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { AuditFile } from '../reading/list-audit-files.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'
import { parseRecord } from '../reading/parse-record.ts'
import { readLines } from '../reading/read-lines.ts'
import { createLineSplitter, type LineItem } from '../reading/split-lines.ts'
import type { LogLine } from './log-line.ts'
import { seekSeq } from './seek-seq.ts'

const CHUNK_BYTES = 256 * 1024

/** What was read of a file. */
export interface SourceRead {
  /** Lines, and for each that is no record the reason. */
  readonly entries: readonly (LogLine | string)[]
  /** Nothing more is there, now or, in a compressed file, ever. */
  readonly isAtEnd: boolean
  /** A compressed file ends too early: it may still be on its way. */
  readonly isDamaged: boolean
}

/** One file of the log, open; it stays the same one whatever its name becomes. */
export interface LogSource {
  readonly path: string
  read(): Promise<SourceRead>
  /** Whether this is the file that the name leads to, and what was read of it is still in it. */
  isIntact(named: Stats): boolean
  /** Whether this is the file that the name leads to, cut shorter than it was. */
  isTruncated(named: Stats): boolean
  close(): Promise<void>
}

/**
 * Opens a file at a line in front of which no line has a number above `seq`.
 * @throws the error of the file system.
 */
export async function openLogSource(file: AuditFile, seq: number): Promise<LogSource> {
  return file.isCompressed
    ? compressedSource(file)
    : plainSource(file.path, await openAuditFile(file.path), seq)
}

async function plainSource(path: string, handle: FileHandle, seq: number): Promise<LogSource> {
  // Behind the last whole line: what is torn now is whole at the next look.
  let offset = await seekSeq(handle, seq)
  const { ino, dev } = await handle.stat()
  const isSame = (named: Stats) => named.ino === ino && named.dev === dev
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  return {
    path,
    read: async () => {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, offset)
      const splitter = createLineSplitter({ offset })
      const items = splitter.push(Buffer.from(buffer.subarray(0, bytesRead)))
      offset = splitter.place().offset
      if (items.length === 0 && bytesRead === CHUNK_BYTES) {
        offset += CHUNK_BYTES
        return { entries: ['a line has no end'], isAtEnd: false, isDamaged: false }
      }
      return { entries: parse(items), isAtEnd: items.length === 0, isDamaged: false }
    },
    isIntact: named => isSame(named) && named.size >= offset,
    isTruncated: named => isSame(named) && named.size < offset,
    close: () => handle.close(),
  }
}

function compressedSource(file: AuditFile): LogSource {
  const items = readLines(file)
  return {
    path: file.path,
    read: async () => {
      const { value, done } = await items.next()
      const isDamaged = value?.kind === 'fault' && value.reason.startsWith('the compressed file is damaged')
      return { entries: parse(value === undefined ? [] : [value]), isAtEnd: done === true, isDamaged }
    },
    isIntact: () => false,
    isTruncated: () => false,
    close: async () => {
      await items.return(undefined)
    },
  }
}

function parse(items: readonly LineItem[]): SourceRead['entries'] {
  return items.flatMap(item => {
    if (item.kind === 'fault') return [item.reason]
    return item.kind === 'lines' ? item.lines.map(entryOf) : []
  })
}

function entryOf(line: Buffer): LogLine | string {
  const parsed = parseRecord(line)
  return parsed.outcome === 'record' ? { record: parsed.record, text: line.toString('utf8') } : parsed.reason
}
