import type { Clock, Log } from '../model/ports.ts'
import { believableState } from './believable-state.ts'
import { type CertificateState, NEW_STATE, parseCertificateState } from './certificate-state.ts'
import type { CertificateStore } from './certificate-store.ts'
import { isNameCovered } from './is-name-covered.ts'
import { parseKeyPair } from './key-pair.ts'
import type { NewCertificate, StoredCertificate } from './stored-certificate.ts'

export interface RecordOptions {
  readonly name: string
  /** Stands for everything that the configuration says of how to get it: who changes that wants it tried at once. */
  readonly setup: string
  readonly store: CertificateStore
  readonly clock: Clock
  readonly log: Log
}

/**
 * The present certificate and what is known of it, as stored; a disk that takes nothing loses neither, they are kept
 * in memory and written as soon as it can be.
 */
export interface CertificateRecord {
  current(): StoredCertificate | undefined
  state(): CertificateState
  /** Takes over what other processes stored; `true` when that is another certificate. */
  sync(): Promise<boolean>
  save(change: Partial<CertificateState>): Promise<void>
  /** Keeps a new certificate as the present one; one that another process stored meanwhile goes before it. */
  keep(certificate: NewCertificate): Promise<void>
  /** Why the present certificate is in memory only. */
  unsavedReason(): string | undefined
}

const MOST_TRIES = 4

export function createCertificateRecord(options: RecordOptions): CertificateRecord {
  const { name, setup, store, clock, log } = options
  let current: StoredCertificate | undefined
  let state = NEW_STATE
  let isStateUnsaved = false
  let unsaved:
    | { readonly certificate: NewCertificate; readonly after: number; readonly reason: string }
    | undefined

  async function writeState(): Promise<void> {
    try {
      await store.writeState(name, state)
      isStateUnsaved = false
    } catch (error) {
      if (!isStateUnsaved)
        log.error('the state of a certificate cannot be written, it is kept in memory', { name, error })
      isStateUnsaved = true
    }
  }

  async function write(certificate: NewCertificate, after: number): Promise<void> {
    try {
      await addUsable(options, after, certificate)
      unsaved = undefined
    } catch (error) {
      if (unsaved === undefined) {
        log.error('a new certificate is served but cannot be stored, which is tried again', { name, error })
      }
      unsaved = { certificate, after, reason: String(error) }
    }
  }

  async function readCertificate(): Promise<boolean> {
    const stored = await store.read(name)
    if (stored === undefined || !isNameCovered(name, stored.pair.names)) return false
    if (current !== undefined && isStepBack(current, stored)) return false
    const isNew =
      stored.generation !== current?.generation || stored.pair.certificate !== current.pair.certificate
    current = stored
    return isNew
  }

  return {
    current: () => current,
    state: () => state,
    unsavedReason: () => unsaved?.reason,
    async sync() {
      if (unsaved !== undefined) await write(unsaved.certificate, unsaved.after)
      if (isStateUnsaved) await writeState()
      else
        state = believableState(parseCertificateState(await store.readState(name)), { setup, now: clock() })
      const isOther = unsaved === undefined ? await readCertificate() : false
      state = withoutSettled(state, current)
      return isOther
    },
    async save(change) {
      state = { ...state, ...change }
      await writeState()
    },
    async keep(certificate) {
      const after = current?.generation ?? 0
      await write(certificate, after)
      if (unsaved === undefined) await readCertificate()
      else current = inMemory(options.name, after + 1, certificate)
    },
  }
}

/**
 * Stores the certificate, unless another process stored one meanwhile. A generation that cannot be used does not stand
 * in the way: else what was ordered would be lost, and ordered again.
 */
async function addUsable(
  { name, store }: RecordOptions,
  after: number,
  certificate: NewCertificate,
): Promise<void> {
  let newest = after
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if ((await store.add(name, newest, certificate)) === 'stored') return
    const stored = await store.read(name)
    const isUsable = stored !== undefined && isNameCovered(name, stored.pair.names)
    if (isUsable && stored.generation > after) return
    newest = await store.newestGeneration(name)
  }
  throw new Error('other processes store certificates that cannot be used')
}

/** A damaged file uncovers the generation before it, which is no reason to serve that one again. */
function isStepBack(current: StoredCertificate, stored: StoredCertificate): boolean {
  return stored.generation < current.generation && stored.obtainedAt <= current.obtainedAt
}

/** Whoever stored a certificate may have been killed before they could write that its order is done. */
function withoutSettled(state: CertificateState, current: StoredCertificate | undefined): CertificateState {
  if (current === undefined) return state
  const { pending, failures } = state
  // Taken up again, the order would only lead to this certificate once more.
  const isDone = pending?.key === current.pair.key.reveal()
  const isOver = failures !== undefined && failures.at < current.obtainedAt
  return { ...state, pending: isDone ? undefined : pending, failures: isOver ? undefined : failures }
}

function inMemory(name: string, generation: number, certificate: NewCertificate): StoredCertificate {
  const { key, chain, ...origin } = certificate
  const pair = parseKeyPair({
    certificate: { file: name, text: chain },
    key: { file: name, text: key.reveal() },
  })
  return { generation, name, ...origin, pair }
}
