import { X509Certificate } from 'node:crypto'
import { CertificateFileError } from './certificate-file-error.ts'

/** Text of a PEM file and the path to name in errors. */
export interface PemFile {
  readonly file: string
  readonly text: string
}

const BEGIN = '-----BEGIN CERTIFICATE-----'
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text in its order; one or more. @throws CertificateFileError */
export function pemCertificates({
  file,
  text,
}: PemFile): readonly [X509Certificate, ...(readonly X509Certificate[])] {
  const blocks = text.match(CERTIFICATE_BLOCK) ?? []
  // A half-written file may end inside a block: a chain without its tail must not pass for the whole.
  if (blocks.length !== text.split(BEGIN).length - 1) {
    throw new CertificateFileError(file, 'ends in the middle of a certificate')
  }
  const [first, ...others] = blocks.map(block => parseCertificate(file, block))
  if (first === undefined) throw new CertificateFileError(file, 'holds no PEM certificate')
  return [first, ...others]
}

function parseCertificate(file: string, block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw new CertificateFileError(file, 'holds a malformed certificate', { cause })
  }
}
