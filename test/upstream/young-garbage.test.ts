import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import t from 'tap'
import { createYoungGarbage } from '../../src/upstream/young-garbage.ts'
import { waitFor } from '../support/wait-for.ts'

/** What Node adds to an entry of a collection. */
interface NodeGCPerformanceEntry extends PerformanceEntry {
  readonly detail: { readonly kind: number }
}

const MIB = 1024 * 1024

t.test('young objects are collected once for every 4 MiB, and never all objects', async t => {
  const kinds: unknown[] = []
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) kinds.push((entry as NodeGCPerformanceEntry).detail.kind)
  })
  const garbage = createYoungGarbage()
  observer.observe({ entryTypes: ['gc'] })
  t.teardown(() => observer.disconnect())
  for (let mib = 0; mib < 39; mib++) garbage(MIB)
  await waitFor('collections', () => kinds.length >= 9)
  t.strictSame(new Set(kinds), new Set([constants.NODE_PERFORMANCE_GC_MINOR]))
  t.equal(kinds.length, 9)
})
