import type { FileHandle } from 'node:fs/promises'
import { parseRecord } from '../reading/parse-record.ts'
import { LONGEST_LINE } from '../reading/split-lines.ts'

/** More than a line before the next one begins and that line as well. */
const WINDOW = 2 * LONGEST_LINE
const NEWLINE = 0x0a

/** Where a line begins, and its number. */
interface Spot {
  readonly offset: number
  readonly seq: number
}

/**
 * Offset of a line in front of which no line has a number above `seq`; 0 when that is the first one. Numbers grow
 * through the file, so a few reads are enough whatever its size.
 */
export async function seekSeq(handle: FileHandle, seq: number): Promise<number> {
  let low = 0
  let high = (await handle.stat()).size
  while (high - low > WINDOW) {
    const middle = Math.floor((low + high) / 2)
    const spot = await spotBehind(handle, middle)
    if (spot !== undefined && spot.seq <= seq && spot.offset > low) low = spot.offset
    else high = middle
  }
  return low
}

/** `seq` of the last whole line of a file, of those near its end; `undefined` without one. */
export async function lastSeqOf(handle: FileHandle): Promise<number | undefined> {
  const { size } = await handle.stat()
  const start = Math.max(0, size - WINDOW)
  const lines = (await readAt(handle, start)).toString('utf8').split('\n')
  const whole = lines.slice(start === 0 ? 0 : 1, -1).reverse()
  for (const line of whole) {
    const parsed = parseRecord(line)
    if (parsed.outcome === 'record') return parsed.record.seq
  }
  return undefined
}

/** The first record that begins behind an offset. */
async function spotBehind(handle: FileHandle, offset: number): Promise<Spot | undefined> {
  const data = await readAt(handle, offset)
  let start = data.indexOf(NEWLINE) + 1
  while (start > 0) {
    const end = data.indexOf(NEWLINE, start)
    if (end === -1) return undefined
    const parsed = parseRecord(data.subarray(start, end))
    if (parsed.outcome === 'record') return { offset: offset + start, seq: parsed.record.seq }
    start = end + 1
  }
  return undefined
}

async function readAt(handle: FileHandle, offset: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(WINDOW), 0, WINDOW, offset)
  return buffer.subarray(0, bytesRead)
}
