/** Longest line that is read, in bytes; ours have 8 KiB at most. */
export const LONGEST_LINE = 64 * 1024

const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)

/** What a part of a file holds. `number` counts lines and `offset` bytes of the plain file, from where reading began. */
export type LineItem =
  | {
      readonly kind: 'lines'
      /** Whole ones without their newlines: views of one buffer that is not used again. */
      readonly lines: readonly Buffer[]
      /** Of the first one, from 1. */
      readonly number: number
      /** Where the first one begins. */
      readonly offset: number
      /** Behind the newline of the last one. */
      readonly end: number
    }
  /** The file ends without a newline. */
  | { readonly kind: 'torn'; readonly line: Buffer; readonly number: number; readonly offset: number }
  | { readonly kind: 'fault'; readonly reason: string; readonly number: number; readonly offset: number }

export interface LineSplitter {
  /** What is whole now. The chunk belongs to the splitter from here on. */
  readonly push: (chunk: Buffer) => readonly LineItem[]
  /** What is left when nothing more comes. */
  readonly end: () => readonly LineItem[]
  /** Number and offset of the line that begins next, or has begun. */
  readonly place: () => { readonly number: number; readonly offset: number }
}

interface State {
  number: number
  offset: number
  /** The beginning of a line. */
  rest: Buffer
  /** Bytes of an overlong line that were passed over; 0 outside of one. */
  skipped: number
}

/** Cuts chunks into lines; keeps at most 64 KiB. A longer line is a fault, told when it ends. */
export function createLineSplitter({ offset = 0 }: { readonly offset?: number } = {}): LineSplitter {
  const state: State = { number: 1, offset, rest: NOTHING, skipped: 0 }
  return {
    push: chunk => push(state, chunk),
    end: () => end(state),
    place: () => ({ number: state.number, offset: state.offset }),
  }
}

function push(state: State, chunk: Buffer): readonly LineItem[] {
  const items: LineItem[] = []
  let data = chunk
  if (state.skipped > 0) {
    const newline = chunk.indexOf(NEWLINE)
    state.skipped += newline === -1 ? chunk.length : newline
    if (newline === -1) return items
    items.push(endOverlong(state))
    data = chunk.subarray(newline + 1)
  } else if (state.rest.length > 0) data = Buffer.concat([state.rest, chunk])
  cut(state, data, items)
  return items
}

function cut(state: State, data: Buffer, items: LineItem[]): void {
  let lines: Buffer[] = []
  let start = 0
  const flush = () => {
    if (lines.length > 0) items.push(takeLines(state, lines))
    lines = []
  }
  for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, start)) {
    if (at - start <= LONGEST_LINE) lines.push(data.subarray(start, at))
    else {
      flush()
      state.skipped = at - start
      items.push(endOverlong(state))
    }
    start = at + 1
  }
  flush()
  state.rest = data.subarray(start)
  if (state.rest.length <= LONGEST_LINE) return
  state.skipped = state.rest.length
  state.rest = NOTHING
}

function takeLines(state: State, lines: readonly Buffer[]): LineItem {
  const { number, offset } = state
  const end = lines.reduce((sum, line) => sum + line.length + 1, offset)
  state.number += lines.length
  state.offset = end
  return { kind: 'lines', lines, number, offset, end }
}

function endOverlong(state: State): LineItem {
  const { number, offset, skipped } = state
  state.number += 1
  state.offset += skipped + 1
  state.skipped = 0
  state.rest = NOTHING
  return {
    kind: 'fault',
    reason: `the line has ${skipped} bytes, which no line of an audit log has`,
    number,
    offset,
  }
}

function end(state: State): readonly LineItem[] {
  if (state.skipped > 0) return [endOverlong(state)]
  const { rest: line, number, offset } = state
  return line.length === 0 ? [] : [{ kind: 'torn', line, number, offset }]
}
