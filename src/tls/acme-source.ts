import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../model/message-of.ts'
import type { Clock, Log } from '../model/ports.ts'
import { acmeStatus } from './acme-status.ts'
import type { CertificateSource, CertificateStatus } from './certificate-source.ts'
import type { CertificateStore } from './certificate-store.ts'
import type { ClientCa } from './client-ca.ts'
import { createContextTable } from './context-table.ts'
import type { InternalSource } from './internal-source.ts'
import type { KeyPair } from './key-pair.ts'
import type { ManagedCertificate } from './managed-certificate.ts'

/** Certificates of ACME authorities. */
export interface AcmeSource extends CertificateSource {
  /** Those that are kept valid, in the order of the configuration. */
  readonly managed: readonly ManagedCertificate[]
  /** Starts to obtain and to renew, in the background. */
  start(): void
  /** Ends what is under way and begins nothing any more; certificates are still served. */
  stop(): void
  /** Aborts when the source is stopped; for what is asked of a managed certificate from outside. */
  readonly signal: AbortSignal
}

export interface AcmeSourceOptions {
  /** Makes the managed certificates, which call `onChange` when another certificate is to be served. */
  readonly manage: (onChange: () => void) => readonly ManagedCertificate[]
  readonly store: CertificateStore
  /** Own CA's certificates for names without one of an authority: `standIns` by managed name, `others` beside them. */
  readonly own?: OwnCertificates | undefined
  /** Verifies certificates of clients. */
  readonly clientCa: ClientCa | undefined
  readonly clock: Clock
  readonly log: Log
}

/** What our own CA adds; asked for only when it is needed. */
export interface OwnCertificates {
  /** Certificates for these names; called again with every new set. */
  readonly open: (names: readonly string[]) => Promise<InternalSource>
  /** Whether a managed name without certificate is served by one of ours. */
  readonly isStopGap: boolean
  /** Names that are never asked of an authority. */
  readonly names: readonly string[]
}

/** Often enough for certificates of minutes and for imports; on the wall clock, as a suspended machine needs it. */
const TICK_MS = 30_000
const LEAST_TICK_MS = 1_000
const PRUNE_EVERY_MS = 86_400_000

/**
 * Loads what is stored, which needs no authority, and keeps every certificate valid from `start` on.
 * @throws NewerBundle when a newer landwaiter wrote the store; CertificateFileError when our own CA cannot be used.
 */
export async function openAcmeSource(options: AcmeSourceOptions): Promise<AcmeSource> {
  const closing = new AbortController()
  const listeners = new Set<() => void>()
  let table = createContextTable([], options.clientCa)
  let own: InternalSource | undefined
  const build = () => {
    table = createContextTable(servedPairs(managed, own), options.clientCa)
    for (const listener of listeners) listener()
  }
  let isOpen = false
  const managed = options.manage(() => {
    if (isOpen) build()
  })
  for (const certificate of managed) await certificate.load()
  own = await openOwn(options, managed)
  own?.onChange(build)
  isOpen = true
  build()
  let running: readonly Promise<void>[] = []
  const stop = () => closing.abort(new Error('landwaiter is stopping'))

  return {
    managed,
    stop,
    signal: closing.signal,
    start() {
      running = [
        ...managed.map(one => keepValid(one, options, closing.signal)),
        prune(options, managed, closing.signal),
      ]
    },
    contextFor: serverName => table.contextFor(serverName),
    defaultPair: () => table.defaultPair,
    pairs: () => servedPairs(managed, own),
    certificates: () => [...managed.flatMap(one => statusOf(one, own)), ...ownStatus(managed, own)],
    onChange: listener => void listeners.add(listener),
    async close() {
      stop()
      await Promise.all(running)
      await own?.close()
    },
  }
}

async function openOwn(
  { own }: AcmeSourceOptions,
  managed: readonly ManagedCertificate[],
): Promise<InternalSource | undefined> {
  if (own === undefined) return undefined
  const without = managed.filter(one => one.current() === undefined).map(({ name }) => name)
  const names = [...own.names, ...(own.isStopGap ? without : [])]
  return names.length === 0 ? undefined : await own.open(names)
}

/** In the order of the names, since the first is shown to clients that name no server; our own other names last. */
function servedPairs(
  managed: readonly ManagedCertificate[],
  own: InternalSource | undefined,
): readonly KeyPair[] {
  const stopGaps = own?.pairs() ?? []
  const first = managed.flatMap(
    one => one.current()?.pair ?? stopGaps.find(({ names }) => names.includes(one.name)) ?? [],
  )
  return [...first, ...stopGaps.filter(pair => !first.includes(pair))]
}

/** Ticks of one certificate until `signal` aborts; they never end otherwise. */
async function keepValid(
  certificate: ManagedCertificate,
  { clock, log }: AcmeSourceOptions,
  signal: AbortSignal,
): Promise<void> {
  let said: string | undefined
  while (!signal.aborted) {
    try {
      await certificate.tick(signal)
      said = undefined
    } catch (error) {
      if (signal.aborted) return
      // Every second, it would fill the disk with what was said already.
      if (messageOf(error) !== said) {
        log.error('certificate cannot be looked after', { name: certificate.name, error })
      }
      said = messageOf(error)
    }
    // Not all at once, and never long: a timer does not see that a machine slept.
    const most = TICK_MS * (0.9 + 0.2 * Math.random())
    const wait = Math.min(Math.max(certificate.nextAt() - clock(), LEAST_TICK_MS), most)
    await sleep(wait, undefined, { signal, ref: false }).catch(() => {}) // closed
  }
}

async function prune(
  { store, log }: AcmeSourceOptions,
  managed: readonly ManagedCertificate[],
  signal: AbortSignal,
): Promise<void> {
  const names = managed.map(({ name }) => name)
  while (!signal.aborted) {
    await store
      .prune(names)
      .catch((error: unknown) => log.warn('old certificates cannot be removed', { error }))
    await sleep(PRUNE_EVERY_MS, undefined, { signal, ref: false }).catch(() => {}) // closed
  }
}

function statusOf(one: ManagedCertificate, own: InternalSource | undefined): readonly CertificateStatus[] {
  const pair = one.current()?.pair
  const standIn = own?.pairs().find(({ names }) => names.includes(one.name))
  const served = pair ?? standIn
  const acme = acmeStatus(one, { isStopGap: pair === undefined && standIn !== undefined })
  if (served === undefined) return [{ names: [one.name], notAfter: 0, issuer: '', source: 'acme', acme }]
  const { names, notAfter, issuer } = served
  return [{ names, notAfter, issuer, source: pair === undefined ? 'internal' : 'acme', acme }]
}

function ownStatus(
  managed: readonly ManagedCertificate[],
  own: InternalSource | undefined,
): readonly CertificateStatus[] {
  const names = new Set(managed.map(({ name }) => name))
  return (own?.certificates() ?? []).filter(status => !status.names.some(name => names.has(name)))
}
