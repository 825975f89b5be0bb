import t from 'tap'
import { createRandom, type Random } from '../../policy/random.ts'
import { createChainedLog } from '../../support/chained-log.ts'
import { checkFiles, textsOf } from './check-files.ts'

const ROUNDS = 200
const FIRST = 'audit-2026-11-24T16-06-00.123.jsonl'
const ACTIVE = 'audit.jsonl'

const log = createChainedLog()
log.pulls(12)
log.checkpoint()
log.rotate(FIRST)
log.pulls(5)
log.gap(3)
log.pulls(6)
log.checkpoint()

const EDITS: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'flips bits of a byte': (bytes, random) => {
    const changed = Buffer.from(bytes)
    const at = random.below(bytes.length)
    changed.writeUInt8(changed.readUInt8(at) ^ (1 + random.below(255)), at)
    return changed
  },
  'removes some bytes': (bytes, random) => {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(900))])
  },
  'copies some bytes': (bytes, random) => {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at + 1 + random.below(900)), bytes.subarray(at)])
  },
  'cuts off the end': (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'removes lines': (bytes, random) => {
    const lines = linesOf(bytes)
    lines.splice(random.below(lines.length), 1 + random.below(4))
    return textOf(lines)
  },
  'copies a line': (bytes, random) => {
    const lines = linesOf(bytes)
    lines.splice(random.below(lines.length), 0, random.pick(lines))
    return textOf(lines)
  },
  'swaps two lines': (bytes, random) => {
    const lines = linesOf(bytes)
    const [one, other] = [random.below(lines.length), random.below(lines.length)]
    const [first, second] = [lines[one] ?? '', lines[other] ?? '']
    lines[one] = second
    lines[other] = first
    return textOf(lines)
  },
  'replaces a line by another': (bytes, random) => {
    const lines = linesOf(bytes)
    lines[random.below(lines.length)] = random.pick(lines)
    return textOf(lines)
  },
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString().split('\n').slice(0, -1)
}

function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map(line => `${line}\n`).join(''))
}

for (const [name, edit] of Object.entries(EDITS)) {
  t.test(`whoever ${name} is found out`, async t => {
    const whole = textsOf(log)
    const missed: string[] = []
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const random = createRandom(seed)
      const file = random.pick([FIRST, ACTIVE])
      const before = whole.get(file) ?? Buffer.alloc(0)
      const after = edit(before, random)
      // The helper gives a torn last line its end again, so this one is no change.
      const isSame = after.equals(before) || Buffer.concat([after, Buffer.from('\n')]).equals(before)
      const { faultCount } = checkFiles(new Map([...whole, [file, after]]), {
        head: log.head(),
        keys: [log.publicKey],
      })
      if (faultCount > 0 === isSame) missed.push(`seed ${seed}: ${faultCount} faults`)
    }
    t.strictSame(missed, [])
  })
}

t.test('whoever makes several changes at once is found out', async t => {
  const missed: number[] = []
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const random = createRandom(seed)
    const files = textsOf(log)
    for (let changes = 2 + random.below(4); changes > 0; changes -= 1) {
      const file = random.pick([FIRST, ACTIVE])
      const edit = random.pick(Object.values(EDITS))
      const bytes = files.get(file) ?? Buffer.alloc(0)
      if (bytes.length > 0 && linesOf(bytes).length > 0) files.set(file, edit(bytes, random))
    }
    const whole = textsOf(log)
    const isSame = [...files].every(([name, bytes]) => whole.get(name)?.equals(bytes))
    const { faultCount } = checkFiles(files, { head: log.head(), keys: [log.publicKey] })
    if (faultCount > 0 === isSame) missed.push(seed)
  }
  t.strictSame(missed, [])
})

t.test('a changed byte is one fault, wherever it is', async t => {
  const short = createChainedLog()
  short.pulls(2)
  short.checkpoint()
  short.rotate(FIRST)
  short.pulls(1)
  short.gap(3)
  short.pulls(1)
  short.checkpoint()
  const whole = textsOf(short)
  const against = { head: short.head(), keys: [short.publicKey] }
  const wrong: string[] = []
  for (const [file, bytes] of whole) {
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) === 0x37 ? 0x38 : 0x37, at)
      const { faultCount } = checkFiles(new Map([...whole, [file, changed]]), against)
      if (faultCount !== 1) wrong.push(`${file} at ${at}: ${faultCount} faults`)
    }
  }
  t.strictSame(wrong, [])
})
