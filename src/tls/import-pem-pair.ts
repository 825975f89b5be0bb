import type { Clock } from '../model/ports.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import type { PairPaths } from './certificate-files.ts'
import type { CertificateStore } from './certificate-store.ts'
import { importCertificate } from './import-certificate.ts'
import { isNameCovered } from './is-name-covered.ts'
import { canonicalName, parseKeyPair } from './key-pair.ts'
import type { PemFile } from './pem-certificates.ts'
import { readRegularFile } from './read-regular-file.ts'

export interface PemImportOptions {
  readonly clock: Clock
  /** Names to keep it for; all that it covers when absent. */
  readonly names?: readonly string[]
  /** Names that it is kept for too where it covers them, as a wildcard does. */
  readonly known?: readonly string[]
}

/**
 * Takes over a certificate from two PEM files, or from one that holds both; the outcome by name, `kept` when the store
 * has one that lasts as long.
 * @throws CertificateFileError when the files cannot be used, the certificate has expired or lacks one of the names.
 */
export async function importPemPair(
  store: Pick<CertificateStore, 'read' | 'add'>,
  paths: PairPaths,
  { clock, names, known = [] }: PemImportOptions,
): Promise<ReadonlyMap<string, 'stored' | 'kept'>> {
  const pair = parseKeyPair({ certificate: await readPem(paths.certificate), key: await readPem(paths.key) })
  if (pair.notAfter <= clock()) {
    const expired = new Date(pair.notAfter).toISOString()
    throw new CertificateFileError(paths.certificate, `expired on ${expired}`)
  }
  const wanted = (names ?? pair.names).map(canonicalName)
  const missing = wanted.filter(name => !pair.names.includes(name))
  if (missing.length > 0) {
    throw new CertificateFileError(
      paths.certificate,
      `does not cover ${missing.join(', ')}; the certificate is for ${pair.names.join(', ')}`,
    )
  }
  const covered = known.filter(name => isNameCovered(name, pair.names))
  const outcomes = new Map<string, 'stored' | 'kept'>()
  for (const name of new Set([...wanted, ...covered])) {
    const certificate = {
      chain: pair.certificate,
      key: pair.key,
      authority: 'imported:file',
      obtainedAt: pair.notBefore,
    }
    outcomes.set(name, await importCertificate(store, name, certificate))
  }
  return outcomes
}

async function readPem(file: string): Promise<PemFile> {
  const content = await readRegularFile(file)
  if (content === undefined) throw new CertificateFileError(file, 'does not exist')
  return { file, text: content.text }
}
