import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { certificateId } from '../../src/acme/certificate-id.ts'
import type {
  CertificateAuthority,
  CertificateOrder,
  IssuedCertificate,
  RenewalWindow,
} from '../../src/model/certificate-authority.ts'
import type { CertificateEvent } from '../../src/model/certificate-event.ts'
import { AcmeFailed, type AcmeFailure } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { type CertificateStore, openCertificateStore } from '../../src/tls/certificate-store.ts'
import { createManagedCertificate, type ManagedOptions } from '../../src/tls/managed-certificate.ts'
import { signCertificate } from '../../src/tls/sign-certificate.ts'
import type { NewCertificate } from '../../src/tls/stored-certificate.ts'
import { type Cleanup, memoryLog, temporaryDirectory } from './support.ts'

export const START = Date.UTC(2026, 10, 24, 12)
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const NAME = 'registry.test'

/** A clock that only moves when told to. */
export interface FakeClock {
  (): number
  readonly advance: (ms: number) => void
  readonly set: (ms: number) => void
}

export function fakeClock(start = START): FakeClock {
  let now = start
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms
    },
    set(ms: number) {
      now = ms
    },
  })
}

/** What an authority does with one order, instead of issuing. */
export type Answer = (order: CertificateOrder, signal: AbortSignal) => Promise<IssuedCertificate>

/** An authority whose answers the test decides; it issues real certificates unless told otherwise. */
export interface ScriptedAuthority extends CertificateAuthority {
  /** All that were placed so far. */
  readonly orders: readonly CertificateOrder[]
  /** What to do with the next orders; after them it does what `always` says. */
  readonly next: (...answers: readonly Answer[]) => void
  /** What to do with every order from now on; `undefined` issues. */
  readonly always: (answer: Answer | undefined) => void
  /** What it answers when asked for a renewal window, and how often it was asked. */
  readonly window: { answer: () => RenewalWindow | undefined; asked: number }
  readonly issue: Answer
  skewMs: number | undefined
}

export interface AuthorityScript {
  readonly clock: () => number
  readonly id?: string
  /** Of its certificates, from now on; as real ones they begin an hour ago. */
  readonly lifeMs?: number
}

export function scriptedAuthority({ clock, id = 'first', lifeMs = 90 * DAY_MS }: AuthorityScript) {
  const orders: CertificateOrder[] = []
  const planned: Answer[] = []
  const issue = issuer({ clock, lifeMs })
  let usual: Answer = issue
  const authority: ScriptedAuthority = {
    id,
    directory: `https://${id}.test/dir`,
    orders,
    next: (...answers) => void planned.push(...answers),
    always: answer => {
      usual = answer ?? issue
    },
    window: { answer: () => undefined, asked: 0 },
    skewMs: undefined,
    async issue(order, signal) {
      orders.push(order)
      signal.throwIfAborted()
      return await (planned.shift() ?? usual)(order, signal)
    },
    async renewalWindow() {
      authority.window.asked += 1
      return authority.window.answer()
    },
    revoke: async () => {},
    clockSkewMs: () => authority.skewMs,
    close: async () => {},
  }
  return authority
}

/** Issues under a root of its own. */
export function issuer({ clock, lifeMs }: Required<Pick<AuthorityScript, 'clock' | 'lifeMs'>>): Answer {
  const { privateKey: rootKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const notBefore = clock() - HOUR_MS
  const root = signCertificate({
    commonName: 'test root',
    publicKey,
    signingKey: rootKey,
    notBefore,
    notAfter: notBefore + 3650 * DAY_MS,
    role: { kind: 'root' },
  })
  return async ({ names, key, challenges, url, onOrder }) => {
    if (url === undefined) await onOrder('https://first.test/order/new')
    const begin = clock() - Math.min(HOUR_MS, lifeMs / 10)
    const chain = await signCertificate({
      commonName: names[0] ?? '',
      publicKey: createPublicKey(key.reveal()),
      signingKey: rootKey,
      notBefore: begin,
      notAfter: begin + lifeMs,
      role: { kind: 'server', issuer: await root, dns: names, ip: [] },
    })
    return { chain, challenge: challenges[0] }
  }
}

/** Places the order, then fails. */
export function failing(failure: AcmeFailure, retryAfterMs?: number): Answer {
  return async ({ url, onOrder }) => {
    if (url === undefined) await onOrder('https://first.test/order/failed')
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
    throw new AcmeFailed(failure, `no certificate: ${failure}`, wait)
  }
}

/** A certificate to store, of `authority`, signed for `names`. */
export async function issued(
  clock: () => number,
  {
    names = [NAME],
    lifeMs = 90 * DAY_MS,
    ...rest
  }: { names?: readonly string[]; lifeMs?: number } & Partial<NewCertificate> = {},
): Promise<NewCertificate> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const order = { names, key, challenges: ['http-01'], onOrder: async () => {} } as const
  const { chain } = await issuer({ clock, lifeMs })(order, new AbortController().signal)
  return { key, chain, authority: 'first', obtainedAt: clock(), ...rest }
}

export interface Setting extends Partial<Omit<ManagedOptions, 'clock'>> {
  readonly clock?: FakeClock
  /** Of the store. */
  readonly directory?: string
  readonly authorities?: readonly CertificateAuthority[]
}

/** A managed certificate on a real store, with one scripted authority unless told otherwise. */
export async function manage(t: Cleanup, setting: Setting = {}) {
  const { clock = fakeClock(), directory = join(temporaryDirectory(t), 'acme'), ...rest } = setting
  const log = memoryLog()
  const events: CertificateEvent[] = []
  const authority = scriptedAuthority({ clock })
  const store: CertificateStore = rest.store ?? (await openCertificateStore({ directory, clock, log }))
  let changes = 0
  const managed = createManagedCertificate({
    name: NAME,
    setup: 'as it is',
    choices: (rest.authorities ?? [authority]).map(one => ({ authority: one })),
    challenges: ['http-01', 'tls-alpn-01'],
    certificateId,
    onEvent: event => void events.push(event),
    onChange: () => {
      changes += 1
    },
    ...rest,
    clock,
    log,
    store,
  })
  await managed.load()
  const tick = () => managed.tick(new AbortController().signal)
  /** Ticks every half minute of the clock, as the source does, for so long. */
  const run = async (ms: number, stepMs = MINUTE_MS / 2) => {
    const end = clock() + ms
    await tick()
    while (clock() < end) {
      clock.advance(Math.min(stepMs, end - clock()))
      await tick()
    }
  }
  /** Waits until something is due and does it; the time of that. */
  const tickWhenDue = async () => {
    clock.set(Math.max(clock(), Math.ceil(managed.nextAt())))
    await tick()
    return clock()
  }
  return {
    managed,
    authority,
    store,
    clock,
    log,
    events,
    directory,
    tick,
    tickWhenDue,
    run,
    changes: () => changes,
    kinds: () => events.map(({ kind }) => kind),
  }
}
