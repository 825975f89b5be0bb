import { hash } from 'node:crypto'
import t from 'tap'
import { createChainedLog } from '../../support/chained-log.ts'
import { threeFileLog } from '../../support/three-file-log.ts'
import { checkFiles, textsOf } from './check-files.ts'

const FIRST = 'audit-2026-11-24T16-06-00.123.jsonl'
const SECOND = 'audit-2026-11-24T17-06-00.123.jsonl'
const ACTIVE = 'audit.jsonl'

const log = threeFileLog(FIRST, SECOND)
const foreign = createChainedLog({ node: 'gw-9' })
foreign.pulls(12)

type Lines = string[]

interface Edit {
  readonly why: string
  readonly edit: (lines: { first: Lines; second: Lines; active: Lines }) => void
  readonly kind: string
  readonly text: RegExp
}

function replace(lines: Lines, at: number, [from, to]: readonly [string | RegExp, string]): void {
  const line = lines[at] ?? ''
  const changed = line.replace(from, to)
  if (changed === line) throw new Error(`nothing to replace in ${line}`)
  lines[at] = changed
}

function take(lines: Lines, at: number): string {
  return lines[at] ?? ''
}

/** Gives every line from the one at `start` on the hash of the line before. */
function relink(files: readonly Lines[], start: number): void {
  let before = ''
  let at = 0
  for (const lines of files) {
    for (const [index, line] of lines.entries()) {
      if (at >= start) lines[index] = line.replace(/"prev":"\w+"/, `"prev":"${hash('sha256', before)}"`)
      before = take(lines, index)
      at += 1
    }
  }
}

const EDITS: readonly Edit[] = [
  {
    why: 'a byte of a line in the middle',
    edit: ({ second }) => replace(second, 4, ['"status":200', '"status":201']),
    kind: 'changed',
    text: /^line 5 of audit-2026-11-24T17\S+ \(seq 15, 2026-\S+\) was changed: its SHA-256 is \w{12}…, but the line behind it says \w{12}…$/,
  },
  {
    why: 'a byte of the first line',
    edit: ({ first }) => replace(first, 0, ['developer', 'Developer']),
    kind: 'changed',
    text: /^line 1 of audit-2026-11-24T16\S+ \(seq 1,/,
  },
  {
    why: 'a byte of the last line',
    edit: ({ active }) => replace(active, 10, ['"kind":"audit"', '"kind":"other"']),
    kind: 'changed',
    text: /^line 11 of audit.jsonl \(seq 37, \S+\) was changed: .* but the head file says/,
  },
  {
    why: 'a number',
    edit: ({ second }) => replace(second, 4, ['"seq":15', '"seq":51']),
    kind: 'changed',
    text: /^line 5 of \S+ \(seq 51, \S+\) was changed: it links to the line before it, but seq 15 is due here$/,
  },
  {
    why: 'the number of the first line',
    edit: ({ first }) => replace(first, 0, ['"seq":1', '"seq":7']),
    kind: 'changed',
    text: /^line 1 of .*but seq 1 is due here$/,
  },
  {
    why: 'the prev of a line',
    edit: ({ second }) => replace(second, 4, [/"prev":"./, '"prev":"x']),
    kind: 'changed',
    text: /^line 5 of \S+ \(seq 15, \S+\) was changed: it does not link to the line before it/,
  },
  {
    why: 'the node of a line',
    edit: ({ second }) => replace(second, 4, ['gw-1', 'gw-2']),
    kind: 'changed',
    text: /^line 5 of .*it is not of the node of the lines around it$/,
  },
  {
    why: 'a line that is taken out of the chain',
    edit: ({ second }) => replace(second, 4, [/,"prev":"\w+"/, '']),
    kind: 'changed',
    text: /^line 5 of /,
  },
  {
    why: 'the beginning of a line',
    edit: ({ second }) => replace(second, 4, ['{"v":1', '{"V":1']),
    kind: 'strange',
    text: /^line 5 of \S+ is no line of this log: it has no v, where seq 15 belongs$/,
  },
  {
    why: 'a line cut in two',
    edit: ({ second }) => replace(second, 4, [',"kind"', '\n"kind"']),
    kind: 'strange',
    text: /^lines 5 to 6 of \S+ are no lines of this log.*, where seq 15 belongs$/,
  },
  {
    why: 'two lines made one',
    edit: ({ second }) => second.splice(4, 2, `${second[4]} ${second[5]}`),
    kind: 'strange',
    text: /^line 5 of .*, where seq 15 to 16 belong$/,
  },
  {
    why: 'a removed line',
    edit: ({ second }) => second.splice(4, 1),
    kind: 'missing',
    text: /^line 5 of \S+ \(seq 16, \S+\) does not follow seq 14: seq 15 is missing between$/,
  },
  {
    why: 'removed lines across a rotation',
    edit: ({ first, second }) => {
      first.splice(8)
      second.splice(0, 3)
    },
    kind: 'missing',
    text: /does not follow seq 8: seq 9 to 13 \(5 lines\) are missing between$/,
  },
  {
    why: 'a removed gap',
    edit: ({ active }) => active.splice(5, 1),
    kind: 'missing',
    text: /does not follow seq 26: seq 27 to 32 \(6 lines\) are missing between$/,
  },
  {
    why: 'the first line removed',
    edit: ({ first }) => first.splice(0, 1),
    kind: 'beginning',
    text: /\(seq 2, \S+\) is where the log begins, and nothing tells of the lines before$/,
  },
  {
    why: 'a removed tail',
    edit: ({ active }) => active.splice(7),
    kind: 'cut',
    text: /^the log ends with line 7 of audit.jsonl \(seq 33, .* but the head file knows seq 37 .*: the last 4 lines were cut off$/,
  },
  {
    why: 'a line twice',
    edit: ({ second }) => second.splice(4, 0, take(second, 4)),
    kind: 'repeated',
    text: /^line 6 of \S+ \(seq 15, \S+\) is the line before it once more$/,
  },
  {
    why: 'an old line again',
    edit: ({ active, first }) => active.splice(4, 0, take(first, 2)),
    kind: 'misplaced',
    text: /^line 5 of audit.jsonl \(seq 3, \S+\) does not belong between seq 25 and 26/,
  },
  {
    why: 'a whole file again at the end',
    edit: ({ active }) => active.push(...active),
    kind: 'repeated',
    text: /^lines 12 to 22 of audit.jsonl \(seq 22,.* 11 lines were moved, copied or put in here$/,
  },
  {
    why: 'a swapped pair',
    edit: ({ second }) => second.splice(4, 2, take(second, 5), take(second, 4)),
    kind: 'swapped',
    text: /^line 5 of \S+ \(seq 16, \S+\) stands in front of seq 15: the two lines were swapped$/,
  },
  {
    why: 'the first two lines swapped',
    edit: ({ first }) => first.splice(0, 2, take(first, 1), take(first, 0)),
    kind: 'swapped',
    text: /^line 1 of .* stands in front of seq 1:/,
  },
  {
    why: 'two lines of different files exchanged',
    edit: ({ first, active }) => {
      const [one, other] = [take(first, 3), take(active, 2)]
      first[3] = other
      active[2] = one
    },
    kind: 'misplaced',
    text: /\(seq 24, \S+\) stands where seq 4 belongs, which stands in line 3 of audit.jsonl: they were swapped$/,
  },
  {
    why: 'lines moved to a later place',
    edit: ({ first, active }) => active.splice(4, 0, ...first.splice(3, 3)),
    kind: 'missing',
    text: /does not follow seq 3: seq 4 to 6 \(3 lines\) are missing between; they were moved to line 5 of audit.jsonl$/,
  },
  {
    why: 'a line that was made up',
    edit: ({ active }) =>
      active.splice(3, 0, take(foreign.files.get(ACTIVE) ?? [], 0).replace('gw-9', 'gw-1')),
    kind: 'misplaced',
    text: /^line 4 of audit.jsonl/,
  },
  {
    why: 'a made up line with the next number at the end',
    edit: ({ active }) => active.push(take(active, 9).replace('"seq":36', '"seq":38')),
    kind: 'inserted',
    text: /^line 12 of audit.jsonl \(seq 38, \S+\) does not link to the line before it, which is proven/,
  },
  {
    why: 'words of another program',
    edit: ({ active }) => active.splice(3, 0, 'logrotate was here'),
    kind: 'strange',
    text: /^line 4 of audit.jsonl is no line of this log: it is no JSON object$/,
  },
  {
    why: 'lines of another node',
    edit: ({ active }) => active.splice(3, 0, ...(foreign.files.get(ACTIVE) ?? [])),
    kind: 'other-node',
    text: /^lines 4 to 15 of audit.jsonl .* are 12 lines of another node, gw-9$/,
  },
  {
    why: 'a file replaced by that of another node',
    edit: ({ second }) => second.splice(0, 11, ...(foreign.files.get(ACTIVE) ?? [])),
    kind: 'other-node',
    text: /are 12 lines of another node, gw-9, where seq 11 to 21 belong$/,
  },
  {
    why: 'a file replaced by an older one',
    edit: ({ first, second }) => second.splice(0, 11, ...first),
    kind: 'repeated',
    text: /10 lines were moved, copied or put in here, where seq 11 to 21 belong$/,
  },
  {
    why: 'a file emptied',
    edit: ({ second }) => second.splice(0),
    kind: 'missing',
    text: /^line 1 of audit.jsonl .* seq 11 to 21 \(11 lines\) are missing between; the file before it was audit-2026-11-24T17/,
  },
  {
    why: 'a signature',
    edit: ({ first }) => replace(first, 9, [/"signature":"./, '"signature":"~']),
    kind: 'signature',
    text: /^line 10 of \S+ \(seq 10, \S+\) is no checkpoint of key \w{16}: the signature is of another place/,
  },
  {
    why: 'the lines that a gap declares',
    edit: ({ active }) => replace(active, 5, ['"from_seq":27', '"from_seq":26']),
    kind: 'changed',
    text: /^line 6 of audit.jsonl \(seq 32,/,
  },
]

t.test('an untouched log has no fault', async t => {
  const { faults, faultCount, warnings } = checkFiles(textsOf(log), {
    head: log.head(),
    keys: [log.publicKey],
  })
  t.strictSame({ faults, faultCount, warnings }, { faults: [], faultCount: 0, warnings: [] })
})

for (const { why, edit, kind, text } of EDITS) {
  t.test(`one fault tells of ${why}`, async t => {
    const [first, second, active] = [FIRST, SECOND, ACTIVE].map(name => [...(log.files.get(name) ?? [])])
    if (first === undefined || second === undefined || active === undefined)
      throw new Error('a file is missing')
    edit({ first, second, active })
    const files = new Map([
      [FIRST, first],
      [SECOND, second],
      [ACTIVE, active],
    ])
    const { faults, faultCount } = checkFiles(textsOf({ files }), { head: log.head(), keys: [log.publicKey] })
    t.strictSame(
      faults.map(fault => fault.kind),
      [kind],
      faults.map(fault => fault.text).join('\n'),
    )
    t.match(faults[0]?.text ?? '', text)
    t.equal(faultCount, 1)
  })
}

t.test('a chain that was made anew behind a change does not match what is signed', async t => {
  const files = new Map([...log.files].map(([name, lines]) => [name, [...lines]]))
  const second = files.get(SECOND) ?? []
  replace(second, 4, ['developer', 'Developer'])
  relink([second, files.get(ACTIVE) ?? []], 5)
  const { faults } = checkFiles(textsOf({ files }), { head: log.head(), keys: [log.publicKey] })
  t.match(
    faults.map(({ kind, seq }) => ({ kind, seq })),
    [
      { kind: 'signature', seq: 21 },
      { kind: 'signature', seq: 37 },
    ],
  )
  const { faults: without } = checkFiles(textsOf({ files }), { head: log.head() })
  t.match(without, [{ kind: 'changed', seq: 37, text: /but the head file says/ }])
})

t.test('faults in different places are all found, and each has its place', async t => {
  const files = new Map([...log.files].map(([name, lines]) => [name, [...lines]]))
  const [first, second, active] = [files.get(FIRST) ?? [], files.get(SECOND) ?? [], files.get(ACTIVE) ?? []]
  replace(first, 3, ['developer', 'Developer'])
  second.splice(3, 1)
  active.splice(2, 2, take(active, 3), take(active, 2))
  active.splice(8)
  const { faults } = checkFiles(textsOf({ files }), { head: log.head(), keys: [log.publicKey] })
  t.strictSame(
    faults.map(({ kind, file, line, seq }) => ({ kind, file, line, seq })),
    [
      { kind: 'changed', file: FIRST, line: 4, seq: 4 },
      { kind: 'missing', file: SECOND, line: 4, seq: 15 },
      { kind: 'swapped', file: ACTIVE, line: 3, seq: 25 },
      { kind: 'cut', file: undefined, line: undefined, seq: undefined },
    ],
  )
})

t.test('lines behind a stop need a start, however well they link', async t => {
  const stopped = createChainedLog()
  stopped.pulls(3)
  stopped.line({ action: 'server.stop', kind: 'server' })
  stopped.checkpoint()
  const head = stopped.head()
  stopped.pulls(1)
  const { faults } = checkFiles(textsOf(stopped), { head, keys: [stopped.publicKey] })
  t.match(faults, [{ kind: 'inserted', seq: 6, text: /without a start in between: the line was put in$/ }])
  const restarted = createChainedLog()
  restarted.line({ action: 'server.stop', kind: 'server' })
  const before = restarted.head()
  restarted.line({ action: 'server.start', kind: 'server' })
  restarted.pulls(1)
  t.equal(checkFiles(textsOf(restarted), { head: before }).faultCount, 0)
})

t.test('20 faults are told, all are counted', async t => {
  const long = createChainedLog()
  long.pulls(200)
  const lines = long.files.get(ACTIVE) ?? []
  for (let at = 3; at < 200; at += 4) replace(lines, at, ['developer', 'Developer'])
  const { faults, faultCount } = checkFiles(textsOf(long))
  t.equal(faults.length, 20)
  t.equal(faultCount, 49)
})
