import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createUlid } from '../../src/ops/ulid.ts'

const filled = (byte: number) => (size: number) => new Uint8Array(size).fill(byte)

t.test('encodes the time as the specification does', async t => {
  for (const { ms, prefix } of [
    { ms: 1469922850259, prefix: '01ARZ3NDEK' },
    { ms: 0, prefix: '0000000000' },
    { ms: 2 ** 48 - 1, prefix: '7ZZZZZZZZZ' },
    { ms: 2 ** 60, prefix: '7ZZZZZZZZZ' },
    { ms: -5, prefix: '0000000000' },
    { ms: 1469922850259.9, prefix: '01ARZ3NDEK' },
  ]) {
    t.equal(createUlid(() => ms, filled(0))(), `${prefix}${'0'.repeat(16)}`)
  }
})

t.test('counts up within a millisecond and when the clock goes back', async t => {
  let now = 1469922850259
  const next = createUlid(() => now, filled(0xff))
  const overflowing = [
    '01ARZ3NDEKZZZZZZZZZZZZZZZZ',
    '01ARZ3NDEMZZZZZZZZZZZZZZZZ',
    '01ARZ3NDENZZZZZZZZZZZZZZZZ',
  ]
  t.strictSame([next(), next(), next()], overflowing, 'an overflow moves on by a millisecond')

  now = 1469922850259
  const carrying = createUlid(
    () => now,
    size => new Uint8Array(size).fill(0).fill(31, 13),
  )
  t.equal(carrying().slice(10), '0000000000000ZZZ')
  now -= 1000
  t.equal(carrying(), '01ARZ3NDEK0000000000001000')
  now += 1001
  t.equal(carrying(), '01ARZ3NDEM0000000000000ZZZ')
})

t.test('makes well-formed, distinct, ascending identifiers', async t => {
  let now = 1_790_000_000_000
  const next = createUlid(() => now, randomBytes)
  const made = Array.from({ length: 5_000 }, (_, index) => {
    if (index % 7 === 0) now += index % 3 === 0 ? -2 : 1
    return next()
  })
  t.strictSame(made, [...made].sort())
  t.equal(new Set(made).size, made.length)
  t.ok(made.every(id => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)))
})
