import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { CertificateStore } from '../../src/tls/certificate-store.ts'
import { cannotMount, makeReadOnly, smallDisk } from '../support/small-disk.ts'
import {
  DAY_MS,
  fakeClock,
  HOUR_MS,
  issued,
  MINUTE_MS,
  manage,
  NAME,
  scriptedAuthority,
} from './managed-support.ts'

/** A store that fails as `fault` says, for as long as that is not undefined. */
function fragile(store: CertificateStore, fault: () => 'before' | 'after' | undefined): CertificateStore {
  const full = () => Promise.reject(new Error('ENOSPC: no space left on device'))
  return {
    ...store,
    writeProblem: async () => (fault() === 'before' ? 'the disk is full: make room' : undefined),
    add: (...args) => (fault() === undefined ? store.add(...args) : full()),
    writeState: (...args) => (fault() === undefined ? store.writeState(...args) : full()),
  }
}

t.test('nothing is ordered as long as it could not be kept, and what is there is served', async t => {
  const first = await manage(t)
  await first.tick()
  let fault: 'before' | undefined = 'before'
  const { managed, authority, clock, tick, run, kinds } = await manage(t, {
    clock: first.clock,
    store: fragile(first.store, () => fault),
  })
  clock.advance(70 * DAY_MS)
  await tick()
  await run(HOUR_MS)
  t.strictSame(authority.orders.length, 0)
  t.strictSame(managed.current()?.generation, 1)
  t.match(managed.status().lastError, /^nothing is ordered as long as it could not be kept: the disk is full/)
  t.strictSame(new Set(kinds()), new Set(['failed']))
  fault = undefined
  await run(MINUTE_MS)
  t.strictSame(authority.orders.length, 1, 'soon after there is room again')
  t.strictSame(managed.current()?.generation, 2)
  t.strictSame(managed.status().lastError, undefined)
})

t.test(
  'a certificate that cannot be stored is served from memory, ordered once, and stored later',
  async t => {
    const first = await manage(t)
    let fault: 'after' | undefined
    const { managed, authority, tick, run, log, store, changes } = await manage(t, {
      clock: first.clock,
      store: fragile(first.store, () => fault),
    })
    authority.next(async (order, signal) => {
      fault = 'after'
      return await first.authority.issue(order, signal)
    })
    await tick()
    t.strictSame(managed.current()?.pair.names, [NAME])
    t.strictSame(changes(), 1)
    t.match(managed.status().lastError, /no space left/, 'the owner is told')
    await run(HOUR_MS)
    t.strictSame(authority.orders.length, 1)
    t.strictSame(await store.read(NAME), undefined)
    t.strictSame(log.lines.filter(({ message }) => message.includes('cannot be stored')).length, 1)
    fault = undefined
    await tick()
    t.strictSame((await store.read(NAME))?.pair.certificate, managed.current()?.pair.certificate)
    t.strictSame(managed.status().lastError, undefined)
    const restarted = await manage(t, { clock: first.clock, directory: first.directory })
    await restarted.run(HOUR_MS)
    t.strictSame(restarted.authority.orders.length, 0)
  },
)

t.test(
  'on a disk that is really full nothing is ordered until there is room',
  { skip: cannotMount() },
  async t => {
    const disk = smallDisk(t, 512)
    const { managed, authority, tick, run } = await manage(t, { directory: join(disk, 'acme') })
    const ballast = join(disk, 'ballast')
    try {
      writeFileSync(ballast, Buffer.alloc(1 << 20))
    } catch {
      // it is full now
    }
    await tick()
    await run(2 * HOUR_MS, 5 * MINUTE_MS)
    t.strictSame(authority.orders.length, 0)
    t.match(managed.status().lastError, /the disk is full: make room/)
    rmSync(ballast)
    await run(MINUTE_MS)
    t.strictSame(managed.current()?.generation, 1, 'although the lock itself could not be taken for hours')
  },
)

t.test(
  'on a file system that became read-only the present certificate is served',
  { skip: cannotMount() },
  async t => {
    const disk = smallDisk(t, 1024)
    const { managed, authority, tick, run, clock } = await manage(t, { directory: join(disk, 'acme') })
    await tick()
    makeReadOnly(disk)
    clock.advance(70 * DAY_MS)
    await run(HOUR_MS, 5 * MINUTE_MS)
    t.strictSame(authority.orders.length, 1)
    t.strictSame(managed.current()?.generation, 1)
    t.match(managed.status().lastError, /read-only: mount it writable/)
  },
)

t.test('the generation before a damaged one is served, and replaced when due', async t => {
  const first = await manage(t)
  await first.tick()
  first.clock.advance(70 * DAY_MS)
  await first.tick()
  t.strictSame(first.managed.current()?.generation, 2)
  const folder = join(first.directory, 'certificates', NAME)
  for (const damage of ['', '\0'.repeat(4096), '{"version":1', 'null']) {
    writeFileSync(join(folder, '00000002.json'), damage)
    const { managed, log } = await manage(t, { clock: first.clock, directory: first.directory })
    t.strictSame(managed.current()?.generation, 1)
    t.ok(log.lines.some(({ message }) => message === 'damaged certificate set aside'))
  }
  const { managed, authority, run } = await manage(t, { clock: first.clock, directory: first.directory })
  await run(DAY_MS + MINUTE_MS, 6 * HOUR_MS)
  t.strictSame(authority.orders.length, 1, 'a day after the last order')
  t.strictSame(managed.current()?.generation, 2)
})

t.test('damage on the disk does not bring an older certificate back while we run', async t => {
  const { managed, authority, clock, tick, run, directory } = await manage(t)
  await tick()
  clock.advance(70 * DAY_MS)
  await tick()
  const serial = managed.current()?.pair.leaf.serialNumber
  writeFileSync(join(directory, 'certificates', NAME, '00000002.json'), 'damaged')
  await run(HOUR_MS)
  t.strictSame(managed.current()?.pair.leaf.serialNumber, serial)
  t.strictSame(authority.orders.length, 2)
  clock.advance(70 * DAY_MS)
  await tick()
  t.strictSame(authority.orders.length, 3)
  t.strictSame(managed.current()?.generation, 3)
})

t.test('one that was imported after all were removed goes before the one in memory', async t => {
  const { managed, clock, tick, store, directory } = await manage(t)
  await tick()
  await managed.renew(new AbortController().signal)
  rmSync(join(directory, 'certificates', NAME), { recursive: true })
  clock.advance(HOUR_MS)
  await store.add(NAME, 0, await issued(clock, { authority: 'imported:caddy' }))
  await tick()
  t.strictSame(managed.current()?.authority, 'imported:caddy')
})

t.test('what was removed from the disk is served from memory and obtained again when due', async t => {
  const { managed, authority, clock, tick, run, directory, store } = await manage(t)
  await tick()
  clock.advance(70 * DAY_MS)
  const issuing = scriptedAuthority({ clock })
  authority.next(async (order, signal) => {
    rmSync(join(directory, 'certificates', NAME), { recursive: true })
    return await issuing.issue(order, signal)
  })
  const removed = managed.current()
  await tick()
  await run(HOUR_MS, 10 * MINUTE_MS)
  t.strictSame((await store.read(NAME))?.pair.certificate, managed.current()?.pair.certificate)
  t.not(managed.current()?.pair.certificate, removed?.pair.certificate)
})

t.test('a generation that cannot be read does not make us order without end', async t => {
  const clock = fakeClock()
  const { store, directory } = await manage(t, { clock })
  await store.add(NAME, 6, await issued(clock))
  // As one that belongs to another user; root may read everything, so that cannot be tried.
  const unreadable: CertificateStore = {
    ...store,
    read: async name => {
      const stored = await store.read(name)
      return stored?.generation === 7 ? undefined : stored
    },
  }
  const { managed, authority, run } = await manage(t, { clock, store: unreadable })
  await run(HOUR_MS)
  t.strictSame(authority.orders.length, 1)
  t.strictSame(managed.current()?.generation, 8)
  t.strictSame(readdirSync(join(directory, 'certificates', NAME)).includes('00000008.json'), true)
})
