import { createReadStream, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { lineHash } from '../../../src/audit/line-hash.ts'
import { NO_LINE_BEFORE } from '../../../src/audit/number-line.ts'

/** Numbers that no line has, and what the line behind them says of them. */
export interface SeqJump {
  readonly missing: number
  readonly file: string
  readonly line: Readonly<Record<string, unknown>>
}

/** All that a log of several files holds, read without the program's own reader. */
export interface WholeLog {
  readonly lines: number
  readonly files: number
  /** How often each `id` occurs. */
  readonly ids: ReadonlyMap<string, number>
  readonly jumps: readonly SeqJump[]
  /** Lines whose `prev` is not the hash of the line before. */
  readonly brokenLinks: number
  /** Files that end in the middle of a line, and lines that are no JSON. */
  readonly torn: readonly string[]
}

const FILE = /^audit(?:-.+)?\.jsonl(?:[.-]\d+)?(?:\.gz)?$/

/** Reads the log of which `file` is the active one. */
export async function readLog(file: string): Promise<WholeLog> {
  const files = await filesOf(file)
  const tally = startTally()
  for (const path of files) {
    if (!path.endsWith('.gz') && !(await endsInNewline(path))) tally.found.torn.push(basename(path))
    for await (const text of linesOf(path)) tally.add(text, basename(path))
  }
  return { ...tally.found, lines: tally.lines(), files: files.length, brokenLinks: tally.brokenLinks() }
}

/** Takes line after line. */
function startTally() {
  const ids = new Map<string, number>()
  const jumps: SeqJump[] = []
  const torn: string[] = []
  let [lines, seq, hash, brokenLinks] = [0, 0, NO_LINE_BEFORE, 0]
  return {
    found: { ids, jumps, torn },
    lines: () => lines,
    brokenLinks: () => brokenLinks,
    add: (text: string, file: string): void => {
      const line = parse(text)
      if (line === undefined) {
        torn.push(`${file}: ${text.slice(0, 80)}`)
        return
      }
      lines += 1
      const id = String(line['id'])
      ids.set(id, (ids.get(id) ?? 0) + 1)
      const missing = Number(line['seq']) - seq - 1
      if (missing !== 0) jumps.push({ missing, file, line })
      if (line['prev'] !== hash) brokenLinks += 1
      seq = Number(line['seq'])
      hash = lineHash(text)
    },
  }
}

/** In the order of their first lines. A file and its `.gz` are the same lines. */
async function filesOf(file: string): Promise<readonly string[]> {
  const dir = dirname(file)
  const names = readdirSync(dir).filter(name => FILE.test(name))
  const once = names.filter(name => !(name.endsWith('.gz') && names.includes(name.slice(0, -3))))
  const found: { readonly path: string; readonly seq: number }[] = []
  for (const name of once) {
    const path = join(dir, name)
    for await (const line of linesOf(path)) {
      found.push({ path, seq: Number(parse(line)?.['seq']) })
      break
    }
  }
  return found.sort((a, b) => a.seq - b.seq).map(({ path }) => path)
}

function linesOf(path: string): AsyncIterable<string> {
  const bytes = createReadStream(path)
  return createInterface({ input: path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes })
}

async function endsInNewline(path: string): Promise<boolean> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
    return bytesRead === 0 || buffer[0] === 0x0a
  } finally {
    await handle.close()
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
