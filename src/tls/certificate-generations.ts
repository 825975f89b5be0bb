import { link, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createFile } from '../files/atomic-file.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock, Log } from '../model/ports.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { parseJsonFile } from './json-file.ts'
import { ensurePrivateDirectory, readPrivateFile } from './private-files.ts'
import {
  formatBundle,
  type NewCertificate,
  NewerBundle,
  parseBundle,
  type StoredCertificate,
} from './stored-certificate.ts'

export interface GenerationsOptions {
  /** Holds one certificate: `00000001.json`, … */
  readonly directory: string
  readonly name: string
  readonly clock: Clock
  readonly log: Log
}

const GENERATION = /^(\d{8})\.json$/

/**
 * The newest generation that can be used. Damaged files are set aside as `.corrupt-MS` with a warning.
 * @throws NewerBundle
 */
export async function readNewest(options: GenerationsOptions): Promise<StoredCertificate | undefined> {
  for (const generation of await listForReading(options)) {
    const certificate = await readGeneration(options, generation)
    if (certificate !== undefined) return certificate
  }
  return undefined
}

/**
 * Writes generation `after + 1`, unless it or a later one exists.
 * @throws CertificateFileError when key and chain do not belong together, or what the file system says.
 */
export async function addGeneration(
  options: GenerationsOptions,
  after: number,
  certificate: NewCertificate,
): Promise<'stored' | 'superseded'> {
  const generation = after + 1
  const path = fileOf(options, generation)
  const text = formatBundle(path, options.name, certificate)
  await ensurePrivateDirectory(options.directory, options.log)
  // Generations that were pruned are free again as names, so the newest one counts and not only ours.
  if ((await newestOf(options)) >= generation) return 'superseded'
  if (!(await createFile({ path, text, mode: 0o600 }))) return 'superseded'
  return (await newestOf(options)) > generation ? 'superseded' : 'stored'
}

/** Numbers of the generations on disk, newest first. */
export async function listGenerations(directory: string): Promise<readonly number[]> {
  const files = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return files
    .flatMap(file => GENERATION.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => right - left)
}

/** Remembers that a generation was revoked; the generation itself stays as it was written. */
export async function writeRevocation(
  options: GenerationsOptions,
  generation: number,
  revokedAt: number,
): Promise<void> {
  const path = revocationOf(options, generation)
  await createFile({ path, text: `${JSON.stringify({ revokedAt })}\n`, mode: 0o600 })
}

/** Removes all but the newest `keep` generations. */
export async function removeOldGenerations(options: GenerationsOptions, keep: number): Promise<void> {
  for (const generation of (await listGenerations(options.directory)).slice(keep)) {
    await rm(fileOf(options, generation), { recursive: true, force: true })
    await rm(revocationOf(options, generation), { force: true })
  }
}

async function newestOf({ directory }: GenerationsOptions): Promise<number> {
  return (await listGenerations(directory))[0] ?? 0
}

// A store that cannot be read must not keep the server from starting.
async function listForReading(options: GenerationsOptions): Promise<readonly number[]> {
  try {
    return await listGenerations(options.directory)
  } catch (error) {
    options.log.error('stored certificates cannot be read', { directory: options.directory, error })
    return []
  }
}

async function readGeneration(
  options: GenerationsOptions,
  generation: number,
): Promise<StoredCertificate | undefined> {
  const path = fileOf(options, generation)
  let text: string | undefined
  try {
    text = await readPrivateFile(path, options.log)
    if (text === undefined) return undefined
    const bundle = parseBundle(path, text)
    if (bundle.name !== options.name) throw new CertificateFileError(path, `is for ${bundle.name}`)
    const revokedAt = await readRevocation(options, generation)
    return { generation, ...bundle, ...(revokedAt === undefined ? {} : { revokedAt }) }
  } catch (error) {
    if (error instanceof NewerBundle) throw error
    if (error instanceof CertificateFileError) await setAside(options, path, { text, error })
    else options.log.error('stored certificate cannot be read', { file: path, error })
    return undefined
  }
}

async function readRevocation(options: GenerationsOptions, generation: number): Promise<number | undefined> {
  const path = revocationOf(options, generation)
  try {
    const text = await readPrivateFile(path, options.log)
    if (text === undefined) return undefined
    const { revokedAt } = parseJsonFile(path, text)
    return typeof revokedAt === 'number' ? revokedAt : 0
  } catch (error) {
    // The marker is there, so the certificate was revoked at some time.
    options.log.warn('note of a revocation cannot be read', { file: path, error })
    return 0
  }
}

/** Renames the damaged file, unless another process has done that and a good one is in its place. */
async function setAside(
  options: GenerationsOptions,
  path: string,
  { text, error }: { readonly text: string | undefined; readonly error: CertificateFileError },
): Promise<void> {
  const corrupt = `${path}.corrupt-${options.clock()}`
  try {
    await rename(path, corrupt)
    if (await holdsOther(corrupt, { text, log: options.log })) return await putBack(corrupt, path)
    options.log.warn('damaged certificate set aside', { reason: error.message, movedTo: corrupt })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    options.log.warn('damaged certificate cannot be set aside', {
      reason: error.message,
      error: messageOf(cause),
    })
  }
}

async function holdsOther(
  path: string,
  { text, log }: { readonly text: string | undefined; readonly log: Log },
): Promise<boolean> {
  // Without text it was no regular file, or a huge one, and what replaces it is neither.
  if (text === undefined)
    return await readPrivateFile(path, log).then(
      () => true,
      () => false,
    )
  return (await readPrivateFile(path, log)) !== text
}

async function putBack(from: string, to: string): Promise<void> {
  await link(from, to)
  await rm(from)
}

function fileOf({ directory }: GenerationsOptions, generation: number): string {
  return join(directory, `${String(generation).padStart(8, '0')}.json`)
}

function revocationOf({ directory }: GenerationsOptions, generation: number): string {
  return join(directory, `${String(generation).padStart(8, '0')}.revoked`)
}
