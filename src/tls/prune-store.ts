import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Log } from '../model/ports.ts'
import {
  type GenerationsOptions,
  listGenerations,
  readNewest,
  removeOldGenerations,
} from './certificate-generations.ts'
import type { StoredCertificate } from './stored-certificate.ts'

/** The folder of all certificates, with one folder per name. */
export interface CertificateFolder {
  readonly folder: string
  readonly generationsOf: (name: string) => GenerationsOptions
  readonly log: Log
}

const KEPT_GENERATIONS = 3
const KEPT_AFTER_EXPIRY_MS = 14 * 86_400_000
const KEPT_CORRUPT_MS = 30 * 86_400_000

/** Names that have a usable certificate, sorted. Never rejects. */
export async function listNames(certificates: CertificateFolder): Promise<readonly string[]> {
  const names: string[] = []
  for (const name of await storedNames(certificates)) {
    const newest = await newestOf(certificates, name)
    if (newest !== undefined && newest !== 'unknown') names.push(name)
  }
  return names.sort()
}

/**
 * Removes all but three generations of every certificate, damaged files after 30 days, and what belongs to names that
 * are not `configured` 14 days after its expiry. Never rejects: what cannot be removed is logged.
 */
export async function pruneStore(
  certificates: CertificateFolder & { readonly clock: Clock },
  configured: readonly string[],
): Promise<void> {
  const kept = new Set(configured.map(name => name.toLowerCase()))
  for (const name of await storedNames(certificates)) {
    try {
      await pruneName(certificates, { name, isConfigured: kept.has(name) })
    } catch (error) {
      certificates.log.warn('old certificates cannot be removed', { name, error })
    }
  }
}

async function pruneName(
  certificates: CertificateFolder & { readonly clock: Clock },
  { name, isConfigured }: { readonly name: string; readonly isConfigured: boolean },
): Promise<void> {
  const options = certificates.generationsOf(name)
  const newest = await newestOf(certificates, name)
  if (newest === 'unknown') return
  // None of its generations can be read now: they may be good.
  if (newest === undefined && (await listGenerations(options.directory)).length > 0) return
  const end = newest?.pair.notAfter ?? (await stat(options.directory)).mtimeMs
  if (!isConfigured && end + KEPT_AFTER_EXPIRY_MS < certificates.clock()) {
    await rm(options.directory, { recursive: true, force: true })
    certificates.log.info('certificate of a name that is no longer configured removed', { name })
    return
  }
  await removeOldGenerations(options, KEPT_GENERATIONS)
  for (const file of await readdir(options.directory)) {
    const setAsideAt = Number(/\.corrupt-(\d+)$/.exec(file)?.[1] ?? Number.POSITIVE_INFINITY)
    if (setAsideAt + KEPT_CORRUPT_MS > certificates.clock()) continue
    await rm(join(options.directory, file), { recursive: true, force: true })
  }
}

/** `unknown` when a newer landwaiter wrote it, which is none of our business. */
async function newestOf(
  { generationsOf, log }: CertificateFolder,
  name: string,
): Promise<StoredCertificate | 'unknown' | undefined> {
  try {
    return await readNewest(generationsOf(name))
  } catch (error) {
    log.warn('stored certificate is left alone', { name, error })
    return 'unknown'
  }
}

async function storedNames({ folder, log }: CertificateFolder): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).flatMap(id => {
      try {
        return [decodeURIComponent(id)]
      } catch {
        return [] // not made by us
      }
    })
  } catch (error) {
    log.error('stored certificates cannot be listed', { directory: folder, error })
    return []
  }
}
