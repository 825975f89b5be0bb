import { existsSync, mkdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { certificateId } from '../../src/acme/certificate-id.ts'
import { Secret } from '../../src/model/secret.ts'
import { type AcmeSource, openAcmeSource } from '../../src/tls/acme-source.ts'
import { openInternalSource } from '../../src/tls/internal-source.ts'
import { createManagedCertificate, type ManagedCertificate } from '../../src/tls/managed-certificate.ts'
import { createServerOptions } from '../../src/tls/server-options.ts'
import type { NewCertificate } from '../../src/tls/stored-certificate.ts'
import { waitFor } from '../support/wait-for.ts'
import { DAY_MS, type ScriptedAuthority, scriptedAuthority } from './managed-support.ts'
import { newCertificate, openStore } from './store-support.ts'
import {
  type Cleanup,
  handshake,
  makePair,
  memoryLog,
  seenBy,
  startServer,
  temporaryDirectory,
} from './support.ts'

interface Setting {
  readonly names?: readonly string[]
  readonly ownNames?: readonly string[]
  readonly isStopGap?: boolean
  readonly stored?: Readonly<Record<string, NewCertificate>>
  readonly authority?: ScriptedAuthority
}

/** A source by ACME on a new store, on the real clock, with what it asked of our own CA. */
async function openSource(
  t: Cleanup,
  { names = ['registry.test'], ownNames = [], isStopGap = true, stored = {}, ...rest }: Setting,
) {
  const { store, directory } = await openStore(t)
  for (const [name, certificate] of Object.entries(stored)) await store.add(name, 0, certificate)
  const { authority = scriptedAuthority({ clock: Date.now }) } = rest
  const log = memoryLog()
  const effects = { clock: Date.now, log }
  const asked: (readonly string[])[] = []
  const source: AcmeSource = await openAcmeSource({
    ...effects,
    store,
    clientCa: undefined,
    manage: onChange =>
      names.map(name =>
        createManagedCertificate({
          ...effects,
          name,
          setup: '',
          store,
          choices: [{ authority }],
          challenges: ['http-01'],
          certificateId,
          onEvent: () => {},
          onChange,
        }),
      ),
    own: {
      names: ownNames,
      isStopGap,
      open: domains => {
        asked.push(domains)
        return openInternalSource({ ...effects, directory: join(directory, 'ca'), domains })
      },
    },
  })
  t.teardown(() => source.close())
  const options = createServerOptions(source)
  return { source, authority, store, directory, asked, log, ...(await startServer(t, options)) }
}

/** Who issued the certificate that a client is shown, or the code of the failure. */
async function issuerSeenBy(t: Cleanup, port: number, servername?: string): Promise<string> {
  const socket = await handshake(t, { port, ...(servername === undefined ? {} : { servername }) })
  return 'code' in socket ? socket.code : String(socket.getPeerCertificate().issuer.CN)
}

t.test(
  'a stop-gap is served until there is a certificate, and no connection is dropped by the change',
  async t => {
    const { source, authority, port, asked } = await openSource(t, {})
    let free = () => {}
    const isFree = new Promise<void>(resolve => {
      free = resolve
    })
    const issuing = scriptedAuthority({ clock: Date.now })
    authority.next(async (order, signal) => {
      await isFree
      return await issuing.issue(order, signal)
    })
    t.strictSame(asked, [['registry.test']])
    const before = await issuerSeenBy(t, port, 'registry.test')
    t.match(before, /landwaiter/)
    t.match(source.certificates(), [{ source: 'internal', acme: { name: 'registry.test', isStopGap: true } }])
    const open = await handshake(t, { port, servername: 'registry.test' })
    source.start()
    free()
    await waitFor('the certificate', () => source.managed[0]?.current() !== undefined)
    t.strictSame(await issuerSeenBy(t, port, 'registry.test'), 'test root')
    t.strictSame(await issuerSeenBy(t, port), 'test root', 'to those who name no server, too')
    t.match(source.certificates(), [{ source: 'acme', acme: { authority: 'first', isStopGap: false } }])
    t.strictSame(source.certificates().length, 1)
    t.ok('write' in open)
    if (!('write' in open)) return
    const answered = new Promise<string>(resolve => open.once('data', data => resolve(String(data))))
    open.write('GET / HTTP/1.1\r\nhost: registry.test\r\n\r\n')
    t.match(await answered, /^HTTP\/1\.1 200 /)
  },
)

t.test('without a stop-gap a handshake fails until there is a certificate', async t => {
  const { source, port, asked } = await openSource(t, { isStopGap: false })
  t.strictSame(asked, [])
  t.match(await issuerSeenBy(t, port, 'registry.test'), /ERR_SSL|ECONNRESET/)
  t.match(source.certificates(), [{ names: ['registry.test'], notAfter: 0, acme: { isStopGap: false } }])
  source.start()
  await waitFor('the certificate', () => source.managed[0]?.current() !== undefined)
  t.strictSame(await issuerSeenBy(t, port, 'registry.test'), 'test root')
})

t.test('only names without a certificate get a stop-gap', async t => {
  const { asked, port } = await openSource(t, {
    names: ['auth.test', 'registry.test'],
    stored: { 'auth.test': newCertificate(t, 'DNS:auth.test') },
  })
  t.strictSame(asked, [['registry.test']])
  t.strictSame(await seenBy(t, { port, servername: 'auth.test' }), 'pair')
  t.match(await issuerSeenBy(t, port, 'registry.test'), /landwaiter/)
})

t.test('whoever names no server is shown the first name, be it a stop-gap', async t => {
  const { port } = await openSource(t, {
    names: ['registry.test', 'auth.test'],
    stored: { 'auth.test': newCertificate(t, 'DNS:auth.test') },
  })
  t.match(await issuerSeenBy(t, port), /landwaiter/)
})

t.test('names that no authority is asked for are served beside the others, and told as ours', async t => {
  const { source, port, asked, authority } = await openSource(t, { ownNames: ['localhost'] })
  t.strictSame(asked, [['localhost', 'registry.test']])
  source.start()
  await waitFor('the certificate', () => source.managed[0]?.current() !== undefined)
  t.strictSame(await issuerSeenBy(t, port, 'registry.test'), 'test root')
  t.match(await issuerSeenBy(t, port, 'localhost'), /landwaiter/)
  t.strictSame(
    authority.orders.map(({ names }) => names),
    [['registry.test']],
  )
  t.match(source.certificates(), [
    { source: 'acme' },
    { names: ['localhost', '127.0.0.1', '::1'], source: 'internal' },
  ])
})

t.test('our own CA is not opened when nobody needs it', async t => {
  const { asked, directory } = await openSource(t, { stored: { 'registry.test': newCertificate(t) } })
  t.strictSame(asked, [])
  t.strictSame(existsSync(join(directory, 'ca')), false)
})

t.test('with an imported RSA certificate beside no client is shown one of another name', async t => {
  const paths = makePair({
    directory: temporaryDirectory(t),
    file: 'rsa',
    names: 'DNS:rsa.test',
    key: 'rsa:2048',
  })
  const imported = {
    key: new Secret(readFileSync(paths.key, 'utf8')),
    chain: readFileSync(paths.certificate, 'utf8'),
    authority: 'imported:caddy',
    obtainedAt: Date.now(),
  }
  const { source, port } = await openSource(t, {
    names: ['rsa.test', 'registry.test'],
    stored: { 'rsa.test': imported },
  })
  source.start()
  await waitFor('the certificate', () => source.managed[1]?.current() !== undefined)
  t.strictSame(await seenBy(t, { port, servername: 'rsa.test' }), 'rsa')
  t.strictSame(await seenBy(t, { port, servername: 'registry.test' }), 'registry.test')
  const tls12 = { port, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  const [rsaOnly, ecdsaOnly] = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256']
  t.match(await seenBy(t, { ...tls12, servername: 'registry.test', ciphers: rsaOnly }), /ERR_SSL|ECONNRESET/)
  t.match(await seenBy(t, { ...tls12, servername: 'rsa.test', ciphers: ecdsaOnly }), /ERR_SSL|ECONNRESET/)
  t.strictSame(source.defaultPair(), undefined)
  t.match(await seenBy(t, { port }), /ERR_SSL|ECONNRESET/, 'nor is there a default one')
})

t.test('closing during an order ends it at once, and another start takes it up', async t => {
  const { source, authority, log } = await openSource(t, {})
  const began = new Promise<void>(resolve =>
    authority.next(async ({ onOrder }, signal) => {
      await onOrder('https://first.test/order/1')
      resolve()
      return await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      )
    }),
  )
  source.start()
  await began
  const from = performance.now()
  await source.close()
  t.ok(performance.now() - from < 5_000)
  t.strictSame(source.managed[0]?.status().failedAttempts, 0)
  t.notOk(log.lines.some(({ level }) => level === 'error'))
  t.strictSame(authority.orders.length, 1)
})

t.test('closing while another process holds the lock does not wait for it', async t => {
  const { source, store } = await openSource(t, {})
  await store.exclusively(
    'certificate-registry.test',
    async () => {
      source.start()
      await source.close()
    },
    new AbortController().signal,
  )
  t.strictSame(source.managed[0]?.current(), undefined)
})

t.test('a failing certificate does not keep the others from being obtained', async t => {
  const authority = scriptedAuthority({ clock: Date.now })
  const issuing = scriptedAuthority({ clock: Date.now })
  authority.always(async (order, signal) => {
    if (order.names[0] === 'hangs.test')
      return await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    return await issuing.issue(order, signal)
  })
  const { source } = await openSource(t, { names: ['hangs.test', 'registry.test'], authority })
  source.start()
  await waitFor('the other certificate', () => source.managed[1]?.current() !== undefined)
  t.strictSame(source.managed[0]?.current(), undefined)
})

t.test('what belongs to names that are gone is removed at the start', async t => {
  const old = { 'old.test': newCertificate(t, 'DNS:old.test', { days: 1 }) }
  const { source, directory, store } = await openSource(t, { stored: old })
  t.strictSame(await store.list(), ['old.test'])
  const abandoned = join(directory, 'certificates', 'gone.test')
  mkdirSync(abandoned)
  const then = new Date(Date.now() - 15 * DAY_MS)
  utimesSync(abandoned, then, then)
  source.start()
  await waitFor('the removal', () => !existsSync(abandoned))
  t.strictSame((await store.list()).includes('old.test'), true, 'not before 14 days after its end')
})

t.test('a certificate that cannot be looked after is told once for each reason', async t => {
  const { store, log } = await openStore(t)
  const reasons = ['first', 'first', 'second']
  const done: string[] = []
  const managed: ManagedCertificate = {
    name: 'registry.test',
    current: () => undefined,
    status: () => ({
      nextRenewal: undefined,
      failedAttempts: 0,
      lastError: undefined,
      nextAttempt: 0,
      explanationUrl: undefined,
    }),
    nextAt: () => 0,
    load: async () => {},
    async tick() {
      const reason = reasons[done.length] ?? 'second'
      done.push(reason)
      throw new Error(reason)
    },
    renew: async () => {},
  }
  const source = await openAcmeSource({
    manage: () => [managed],
    store,
    clientCa: undefined,
    clock: Date.now,
    log,
  })
  t.teardown(() => source.close())
  source.start()
  await waitFor('four ticks', () => done.length > 3)
  const told = log.lines.filter(({ level }) => level === 'error')
  t.strictSame(
    told.map(({ fields }) => (fields['error'] as Error).message),
    ['first', 'second'],
  )
})
