import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CertificateFileError } from './certificate-file-error.ts'
import { pemCertificates } from './pem-certificates.ts'

/** The only CAs whose client certificates are accepted, each as PEM. */
export type ClientCa = readonly string[]

/**
 * The CA certificates in a PEM file.
 * @throws CertificateFileError when it cannot be read, holds anything else, or an intermediate without its root, with
 * which OpenSSL would refuse every client.
 */
export async function readClientCa(file: string): Promise<ClientCa> {
  const certificates = pemCertificates({ file, text: await readText(file) })
  for (const certificate of certificates) {
    const subject = certificate.subject.replaceAll('\n', ', ')
    if (!certificate.ca) {
      throw new CertificateFileError(file, `holds ${JSON.stringify(subject)}, which is no CA certificate`)
    }
    if (!certificates.some(other => isIssuedBy(certificate, other))) {
      throw new CertificateFileError(
        file,
        `holds the CA ${JSON.stringify(subject)} without the root that issued it; add the root`,
      )
    }
  }
  return certificates.map(String)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new CertificateFileError(file, `cannot be read (${reason})`, { cause })
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
