import t from 'tap'
import { createBufferPair } from '../../src/upstream/buffer-pair.ts'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'

const MIB = 1024 * 1024

/** A pair, and how often it said that it can go on. */
function pairOf(budget: number) {
  const buffers = createTransferBuffers(budget)
  const calls = { free: 0 }
  return { buffers, calls, pair: createBufferPair(buffers, () => void calls.free++) }
}

const pieceOf = (buffer: Uint8Array<ArrayBuffer>) => Buffer.from(buffer.buffer, 0, 10)

t.test('two buffers take turns, and one that is being written is not read into', async t => {
  const { pair, calls } = pairOf(64 * MIB)
  const first = pair.next()
  const firstIsHome = pair.lend(pieceOf(first))
  const second = pair.next()
  t.not(second, first)
  t.equal(pair.isFree(), true)
  const secondIsHome = pair.lend(pieceOf(second))
  t.equal(pair.next(), first)
  t.equal(pair.isFree(), false)
  secondIsHome?.(true)
  t.equal(calls.free, 0, 'the other one')
  t.equal(pair.isFree(), false)
  firstIsHome?.(true)
  t.equal(calls.free, 1)
  t.equal(pair.isFree(), true)
})

t.test('a buffer is home when every piece of it is', async t => {
  const { pair, calls } = pairOf(64 * MIB)
  const first = pair.next()
  const homes = [pair.lend(pieceOf(first)), pair.lend(pieceOf(first))]
  pair.next()
  pair.next()
  homes[0]?.(true)
  t.equal(pair.isFree(), false)
  t.equal(calls.free, 0)
  homes[1]?.(true)
  t.equal(pair.isFree(), true)
})

t.test('pieces of other memory are not lent', async t => {
  const { pair } = pairOf(64 * MIB)
  pair.next()
  t.equal(pair.lend(Buffer.alloc(10)), undefined)
})

t.test('buffers follow the size of the moment', async t => {
  const { pair, buffers } = pairOf(3 * MIB)
  t.equal(pair.next().byteLength, MIB)
  const other = buffers.open()
  t.equal(pair.next().byteLength, MIB / 2)
  t.equal(pair.next().byteLength, MIB / 2)
  other.close()
  t.equal(pair.next().byteLength, MIB)
})

t.test('after the end only buffers that nobody writes from serve others', async t => {
  const { pair, buffers } = pairOf(64 * MIB)
  const written = pair.next()
  const writtenIsHome = pair.lend(pieceOf(written))
  const broken = pair.next()
  const brokenIsHome = pair.lend(pieceOf(broken))
  pair.close()
  const lease = buffers.open()
  const before = [lease.take(), lease.take()]
  t.notOk(before.includes(written) || before.includes(broken), 'both are still being written')
  writtenIsHome?.(true)
  brokenIsHome?.(false)
  const after = [lease.take(), lease.take()]
  t.ok(after.includes(written))
  t.notOk(after.includes(broken), 'a write that broke off may still read from it')
})
