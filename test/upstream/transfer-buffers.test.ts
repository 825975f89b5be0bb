import t from 'tap'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'

const KIB = 1024

t.test('few bodies get 1 MiB each, many get smaller ones, and none less than 16 KiB', async t => {
  const buffers = createTransferBuffers(64 * 1024 * KIB)
  const sizes = new Map<number, number>()
  for (let count = 1; count <= 4_096; count++) {
    const lease = buffers.open()
    sizes.set(count, lease.take().byteLength / KIB)
  }
  t.strictSame(
    [1, 4, 5, 21, 22, 42, 43, 100, 1_000, 4_096].map(count => sizes.get(count)),
    [1024, 1024, 512, 512, 512, 512, 256, 128, 16, 16],
  )
})

t.test('buffers of an ended body serve the next one, and memory that nobody uses is let go', async t => {
  const buffers = createTransferBuffers(64 * 1024 * KIB)
  const first = buffers.open()
  const taken = Array.from({ length: 20 }, () => first.take())
  for (const buffer of taken) first.give(buffer)
  first.close()
  const second = buffers.open()
  const again = Array.from({ length: 20 }, () => second.take())
  t.equal(again.filter(buffer => taken.includes(buffer)).length, 8)
})

t.test('a lease that is closed twice counts once', async t => {
  const buffers = createTransferBuffers(3 * 64 * KIB)
  const one = buffers.open()
  const other = buffers.open()
  t.equal(other.size(), 32 * KIB)
  one.close()
  one.close()
  t.equal(other.size(), 64 * KIB)
})
