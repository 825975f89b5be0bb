import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFile } from '../files/atomic-file.ts'
import { AppError } from '../model/errors.ts'
import type { Log } from '../model/ports.ts'
import { parseJsonFile } from './json-file.ts'
import { ensurePrivateDirectory, readPrivateFile } from './private-files.ts'
import { hasEnded, ownIdentity, type ProcessIdentity } from './process-identity.ts'

/** Times of a lease in ms; all are measured on the monotonic clock of the process that watches. */
export interface LeaseTimes {
  /** Between two signs of life of the holder. */
  readonly heartbeat: number
  /** Without a sign of life the lease is up. */
  readonly stale: number
  /** As `stale`, for a file that does not say who holds it. */
  readonly garbled: number
  readonly pollFirst: number
  readonly pollMax: number
}

export const LEASE_TIMES: LeaseTimes = {
  heartbeat: 5_000,
  stale: 15_000,
  garbled: 2_000,
  pollFirst: 250,
  pollMax: 1_000,
}

export interface LeaseOptions {
  /** Of this lock alone. */
  readonly directory: string
  readonly log: Log
  readonly times?: LeaseTimes
}

/** The lock was taken over by another process, as ours showed no sign of life for too long. */
export class LeaseLost extends AppError {
  readonly code = 'LEASE_LOST'
}

/** A lease that this process holds. */
interface Held {
  readonly number: number
  readonly file: FileHandle
}

/** The newest lease, and for how long we have watched it without a sign of life, ms. */
interface Sighting {
  readonly number: number
  readonly modified: bigint
  readonly at: number
  readonly watched: number
}

const LEASE = /^(\d{12})\.lock$/
const KEPT = 8

/**
 * Runs `work` while no other process runs work under the same directory. Waits for others until `signal` aborts. The
 * signal of the work aborts with it, and with LeaseLost when another process has taken over.
 *
 * Leases are numbered files. The highest number is the lock: who holds it shows life by the file's time, and gives it
 * up by setting that time to 0. Whoever finds it given up or stale makes the next number, which link(2) lets only one
 * process do, however late the others wake up. The highest file is never renamed, replaced or removed, so there is no
 * moment in which the lock looks free. A holder that finds a higher number has lost its lease.
 */
export async function withLease<T>(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const held = await acquire(options, signal)
  const lost = new AbortController()
  const beating = keepAlive(options, held, lost)
  try {
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    await beating.stop()
    await release(options, held)
  }
}

async function acquire(options: LeaseOptions, signal: AbortSignal): Promise<Held> {
  const { pollFirst, pollMax } = options.times ?? LEASE_TIMES
  let sighting: Sighting | undefined
  let pause = pollFirst
  signal.throwIfAborted()
  await ensurePrivateDirectory(options.directory, options.log)
  for (;;) {
    sighting = await look(options, sighting)
    if (sighting === undefined || (await isFree(options, sighting))) {
      const held = await take(options, (sighting?.number ?? 0) + 1)
      if (held !== undefined) return held
    }
    // Several processes that wait for the same lease should not ask in step.
    await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal })
    pause = Math.min(pause * 2, pollMax)
  }
}

/** The newest lease now; `undefined` when there was never one. */
async function look(options: LeaseOptions, before: Sighting | undefined): Promise<Sighting | undefined> {
  const number = await newest(options)
  if (number === 0) return undefined
  const status = await stat(pathOf(options, number), { bigint: true }).catch(ignoreMissing)
  const modified = status?.mtimeNs ?? -1n
  const at = performance.now()
  if (before?.number !== number || before.modified !== modified) return { number, modified, at, watched: 0 }
  // After a pause of the whole machine the holder must get the time to show life, so a long gap counts little.
  const { pollMax } = options.times ?? LEASE_TIMES
  return { number, modified, at, watched: before.watched + Math.min(at - before.at, 2 * pollMax) }
}

async function isFree(options: LeaseOptions, { number, modified, watched }: Sighting): Promise<boolean> {
  if (modified === 0n) return true
  const { stale, garbled } = options.times ?? LEASE_TIMES
  if (watched >= stale) return reportTakeOver(options, { number, reason: 'no sign of life' })
  const holder = await holderOf(options, number)
  if (holder === undefined) {
    return watched >= garbled && reportTakeOver(options, { number, reason: 'its file is damaged' })
  }
  if (holder.identity === undefined || !(await hasEnded(holder.identity))) return false
  return reportTakeOver(options, { number, reason: 'its process has ended' })
}

function reportTakeOver(
  { directory, log }: LeaseOptions,
  fields: { readonly number: number; readonly reason: string },
): true {
  log.info('lock of another process is taken over', { directory, ...fields })
  return true
}

/** Who holds a lease; `undefined` when the file does not say. `identity` is absent where there is no /proc. */
async function holderOf(
  options: LeaseOptions,
  number: number,
): Promise<{ readonly identity: ProcessIdentity | undefined } | undefined> {
  const path = pathOf(options, number)
  try {
    const { space, pid, started } = parseJsonFile(path, (await readPrivateFile(path, options.log)) ?? '')
    if (typeof pid !== 'number') return undefined
    const isKnown = typeof space === 'string' && typeof started === 'string'
    return { identity: isKnown ? { space, pid, started } : undefined }
  } catch {
    return undefined // not written whole, or removed in between
  }
}

/** Makes lease `number`, unless another process did or a later one exists. */
async function take(options: LeaseOptions, number: number): Promise<Held | undefined> {
  const path = pathOf(options, number)
  const holder = {
    owner: randomBytes(16).toString('hex'),
    host: hostname(),
    pid: process.pid,
    ...(await ownIdentity()),
    taken: new Date().toISOString(),
  }
  if (!(await createFile({ path, text: `${JSON.stringify(holder)}\n`, mode: 0o600 }))) return undefined
  // A process that slept since it looked may have made a number that was already removed.
  if ((await newest(options)) > number) return undefined
  const file = await open(path, 'r+')
  await removeOld(options, number).catch((error: unknown) =>
    options.log.warn('old locks cannot be removed', { directory: options.directory, error }),
  )
  return { number, file }
}

function keepAlive(options: LeaseOptions, held: Held, lost: AbortController) {
  const { heartbeat, stale } = options.times ?? LEASE_TIMES
  let lastBeat = performance.now()
  let running = Promise.resolve()
  async function beat(): Promise<void> {
    try {
      if ((await newest(options)) > held.number) return lost.abort(takenOver(options))
      const now = new Date()
      await held.file.utimes(now, now)
      lastBeat = performance.now()
    } catch (error) {
      // Others see no sign of life either: stop before they take over.
      if (performance.now() - lastBeat > stale - heartbeat) lost.abort(takenOver(options, error))
    }
  }
  const timer = setInterval(() => {
    running = running.then(beat)
  }, heartbeat).unref()
  return {
    stop(): Promise<void> {
      clearInterval(timer)
      return running
    },
  }
}

function takenOver({ directory }: LeaseOptions, cause?: unknown): LeaseLost {
  return new LeaseLost(`lock ${directory} was taken over by another process, or can no longer be kept`, {
    cause,
  })
}

async function release({ directory, log }: LeaseOptions, { file }: Held): Promise<void> {
  try {
    // Needs no space, so it also works on a full disk.
    await file.utimes(0, 0)
  } catch (error) {
    log.warn('lock cannot be given up; others wait until it is stale', { directory, error })
  } finally {
    await file.close()
  }
}

async function newest({ directory }: LeaseOptions): Promise<number> {
  const numbers = (await readdir(directory)).flatMap(file => LEASE.exec(file)?.[1] ?? [])
  return Math.max(0, ...numbers.map(Number))
}

async function removeOld(options: LeaseOptions, number: number): Promise<void> {
  for (const file of await readdir(options.directory)) {
    const other = LEASE.exec(file)?.[1]
    if (other !== undefined && Number(other) <= number - KEPT)
      await rm(join(options.directory, file), { force: true })
  }
}

function pathOf({ directory }: LeaseOptions, number: number): string {
  return join(directory, `${String(number).padStart(12, '0')}.lock`)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
