import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import type { CertificateStore } from './certificate-store.ts'
import type { StoredCertificate } from './stored-certificate.ts'

export interface ExportOptions {
  /** Where the files go; made when absent. */
  readonly directory: string
  /** Permission bits of the key, 0600 when absent: 0640 lets a group read it. */
  readonly mode?: number
}

const KEY_MODE = 0o600
const CERTIFICATE_MODE = 0o644
const CERTIFICATE_END = '-----END CERTIFICATE-----\n'

/**
 * Writes the newest certificate of the name for other programs, each file replaced at once: `fullchain.pem`,
 * `cert.pem` (the leaf), `chain.pem` (the others; absent when there are none) and `privkey.pem`.
 * @throws CertificateFileError when the store has no certificate of the name.
 */
export async function exportCertificate(
  store: Pick<CertificateStore, 'read'>,
  name: string,
  { directory, mode = KEY_MODE }: ExportOptions,
): Promise<StoredCertificate> {
  const certificate = await store.read(name)
  if (certificate === undefined) throw new CertificateFileError(name, 'there is no certificate to export')
  const { pair } = certificate
  const leafEnd = pair.certificate.indexOf(CERTIFICATE_END) + CERTIFICATE_END.length
  const chain = pair.certificate.slice(leafEnd)
  await mkdir(directory, { recursive: true })
  const write = async (file: string, text: string, bits: number) => {
    const path = join(directory, file)
    await replaceFile({ path, text, mode: bits })
    await chmod(path, bits) // the umask may have taken bits away
  }
  await write('privkey.pem', pair.key.reveal(), mode)
  await write('fullchain.pem', pair.certificate, CERTIFICATE_MODE)
  await write('cert.pem', pair.certificate.slice(0, leafEnd), CERTIFICATE_MODE)
  if (chain === '') await rm(join(directory, 'chain.pem'), { force: true })
  else await write('chain.pem', chain, CERTIFICATE_MODE)
  return certificate
}
