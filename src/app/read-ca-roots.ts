import { readFile } from 'node:fs/promises'
import { CertificateFileError } from '../tls/certificate-file-error.ts'

/**
 * PEM of the roots that vouch for an ACME server; `undefined` without a file, for the usual ones.
 * @throws CertificateFileError
 */
export async function readCaRoots(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new CertificateFileError(file, `cannot be read (${cause.code})`, { cause })
  })
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new CertificateFileError(file, 'holds no PEM certificate')
}
