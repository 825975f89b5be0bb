import { join } from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import type { AcmeAccounts } from '../model/certificate-authority.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { JsonObject } from '../oci/json-object.ts'
import { createAccountStore } from './account-store.ts'
import {
  addGeneration,
  type GenerationsOptions,
  listGenerations,
  readNewest,
  writeRevocation,
} from './certificate-generations.ts'
import { type ChallengeStore, createChallengeStore, removeOldChallenges } from './challenge-store.ts'
import { parseJsonFile } from './json-file.ts'
import { type LeaseTimes, withLease } from './lease.ts'
import { ensurePrivateDirectory, readPrivateFile } from './private-files.ts'
import { listNames, pruneStore } from './prune-store.ts'
import { removeTemporaryFiles } from './remove-temporary-files.ts'
import { storageId, storageName } from './storage-name.ts'
import type { NewCertificate, StoredCertificate } from './stored-certificate.ts'
import { writeProblem } from './write-problem.ts'

/** Certificates, accounts, challenges and locks in one directory that several processes may share. */
export interface CertificateStore {
  /**
   * The newest usable generation. Damaged files are set aside as `.corrupt-MS` with a warning, and the generation
   * before is used. A directory that cannot be read is logged and counts as empty.
   * @throws NewerBundle when a newer landwaiter wrote the newest generation.
   */
  read(name: string): Promise<StoredCertificate | undefined>
  /**
   * Writes generation `after + 1` (`after` is 0 for the first). `superseded`: another process was first, read again.
   * @throws CertificateFileError when key and chain do not belong together; what the file system says.
   */
  add(name: string, after: number, certificate: NewCertificate): Promise<'stored' | 'superseded'>
  /** Number of the newest generation, whether it can be used or not; 0 without any. */
  newestGeneration(name: string): Promise<number>
  /** Remembers that the generation was revoked at `revokedAt`, ms. */
  markRevoked(name: string, generation: number, revokedAt: number): Promise<void>
  /** What `writeState` kept; `undefined` when nothing did, or, with a warning, when it is damaged. */
  readState(name: string): Promise<JsonObject | undefined>
  writeState(name: string, state: JsonObject): Promise<void>
  /** Why nothing can be stored, in one sentence; `undefined` when a file of 64 KiB could be written and synced. */
  writeProblem(): Promise<string | undefined>
  /**
   * Runs `work` while no other process holds the lock; waits for others until `signal` aborts. The signal of the work
   * aborts with it, and with LeaseLost when another process has taken the lock over.
   */
  exclusively<T>(lock: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>
  readonly accounts: AcmeAccounts
  readonly challenges: ChallengeStore
  /** Names that have a usable certificate. */
  list(): Promise<readonly string[]>
  /**
   * Removes old generations, certificates of names that are not `configured` 14 days after their expiry, and what killed
   * processes left an hour ago.
   */
  prune(configured: readonly string[]): Promise<void>
}

export interface CertificateStoreOptions {
  /** Made when absent. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly leaseTimes?: LeaseTimes
}

/** Where the challenges of a store are. */
export function challengesDirectory(directory: string): string {
  return join(directory, 'challenges')
}

const FOLDERS = ['certificates', 'accounts', 'challenges', 'locks'] as const

/**
 * Opens the store and clears away what crashes left. Never rejects: a directory that cannot be made or written is
 * logged, and `writeProblem` says why.
 */
export async function openCertificateStore(options: CertificateStoreOptions): Promise<CertificateStore> {
  const { directory, clock, log } = options
  const folder = (name: (typeof FOLDERS)[number]) => join(directory, name)
  await prepare(options)
  const challenges = { directory: challengesDirectory(directory), clock, log }
  await removeOldChallenges(challenges)

  const generationsOf = (name: string): GenerationsOptions => ({
    directory: join(folder('certificates'), storageId(name.toLowerCase())),
    name: name.toLowerCase(),
    clock,
    log,
  })
  const stateOf = (name: string) => join(generationsOf(name).directory, 'state.json')
  const lockOf = (name: string) => join(folder('locks'), `${storageName(name)}.lock`)
  const times = options.leaseTimes === undefined ? {} : { times: options.leaseTimes }

  return {
    read: name => readNewest(generationsOf(name)),
    add: (name, after, certificate) => addGeneration(generationsOf(name), after, certificate),
    newestGeneration: async name => (await listGenerations(generationsOf(name).directory))[0] ?? 0,
    markRevoked: (name, generation, at) => writeRevocation(generationsOf(name), generation, at),
    readState: name => readState(stateOf(name), log),
    async writeState(name, state) {
      await ensurePrivateDirectory(generationsOf(name).directory, log)
      await replaceFile({ path: stateOf(name), text: `${JSON.stringify(state, null, 1)}\n`, mode: 0o600 })
    },
    writeProblem: () => writeProblem(directory),
    exclusively: (lock, work, signal) => withLease({ directory: lockOf(lock), log, ...times }, work, signal),
    accounts: createAccountStore({ directory: folder('accounts'), lock: lockOf, log, ...times }),
    challenges: createChallengeStore(challenges),
    list: () => listNames({ folder: folder('certificates'), generationsOf, log }),
    async prune(configured) {
      await pruneStore({ folder: folder('certificates'), generationsOf, clock, log }, configured)
      await removeOldChallenges(challenges)
      await removeTemporaryFiles(directory, { clock, log })
    },
  }
}

async function prepare({ directory, clock, log }: CertificateStoreOptions): Promise<void> {
  try {
    await ensurePrivateDirectory(directory, log)
    for (const folder of FOLDERS) await ensurePrivateDirectory(join(directory, folder), log)
    await removeTemporaryFiles(directory, { clock, log })
  } catch (error) {
    log.error('certificate storage cannot be prepared', { directory, error })
  }
}

async function readState(file: string, log: Log): Promise<JsonObject | undefined> {
  try {
    const text = await readPrivateFile(file, log)
    return text === undefined ? undefined : parseJsonFile(file, text)
  } catch (error) {
    log.warn('state of a certificate cannot be used and starts anew', { file, error })
    return undefined
  }
}
