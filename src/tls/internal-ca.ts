import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFile } from '../files/atomic-file.ts'
import type { Clock, Log } from '../model/ports.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { parsePrivateKey } from './key-pair.ts'
import { signCertificate } from './sign-certificate.ts'

/** Our own certificate authority. */
export interface InternalCa {
  /** PEM of the root, for clients to trust. */
  readonly certificate: string
  readonly root: X509Certificate
  readonly key: KeyObject
}

export interface InternalCaOptions {
  /** Holds `ca.key` and `ca.pem`; made when absent. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

const LIFETIME_MS = 3653 * 86_400_000 // ten years
const EXPIRY_WARNING_MS = 365 * 86_400_000 // every client has to be given the next root by hand
const BACKDATE_MS = 3_600_000 // clocks of clients may be behind

/**
 * The authority of `directory`, made on first use.
 * The key appears before the certificate and neither is ever overwritten, so processes that start together end
 * with one authority, and one that crashed between the two files finishes on the next start.
 * @throws CertificateFileError when a file is missing beside the other, malformed, or expired.
 */
export async function openInternalCa(options: InternalCaOptions): Promise<InternalCa> {
  const keyFile = join(options.directory, 'ca.key')
  const certificateFile = join(options.directory, 'ca.pem')
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  // The certificate is read first: once it exists, so does the key.
  const certificateText = await readIfPresent(certificateFile)
  const keyText = await readIfPresent(keyFile)
  if (keyText === undefined && certificateText !== undefined) {
    throw new CertificateFileError(
      keyFile,
      `is missing while ${certificateFile} exists; restore it, or remove that file to start a new CA that clients must trust anew`,
    )
  }
  const key = parseCaKey(keyFile, keyText ?? (await createKey(keyFile)))
  await restrictKeyFile(keyFile, options.log)
  const certificate = certificateText ?? (await createRoot(certificateFile, key, options.clock()))
  const root = parseRoot({ file: certificateFile, text: certificate }, key)
  checkValidity(certificateFile, root, options)
  return { certificate: root.toString(), root, key }
}

async function createKey(file: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return (await createFile({ path: file, text, mode: 0o600 })) ? text : await readFile(file, 'utf8')
}

async function createRoot(file: string, key: KeyObject, now: number): Promise<string> {
  const text = await signCertificate({
    commonName: `landwaiter internal CA ${randomBytes(4).toString('hex')}`,
    publicKey: createPublicKey(key),
    signingKey: key,
    notBefore: now - BACKDATE_MS,
    notAfter: now + LIFETIME_MS,
    role: { kind: 'root' },
  })
  return (await createFile({ path: file, text, mode: 0o644 })) ? text : await readFile(file, 'utf8')
}

function parseCaKey(file: string, text: string): KeyObject {
  const key = parsePrivateKey({ file, text })
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new CertificateFileError(file, 'is not an ECDSA P-256 key')
  }
  return key
}

function parseRoot({ file, text }: { readonly file: string; readonly text: string }, key: KeyObject) {
  let root: X509Certificate
  try {
    root = new X509Certificate(text)
  } catch (cause) {
    throw new CertificateFileError(file, 'holds no usable PEM certificate', { cause })
  }
  if (!root.ca) throw new CertificateFileError(file, 'is not a CA certificate')
  if (!root.checkPrivateKey(key))
    throw new CertificateFileError(file, 'does not belong to the ca.key beside it')
  return root
}

function checkValidity(file: string, root: X509Certificate, { clock, log }: InternalCaOptions): void {
  const remaining = root.validToDate.getTime() - clock()
  const expires = root.validToDate.toISOString()
  if (remaining <= 0) {
    throw new CertificateFileError(
      file,
      `expired on ${expires}; remove it to renew it, clients must then trust it anew`,
    )
  }
  if (remaining < EXPIRY_WARNING_MS) log.warn('internal CA expires within a year', { file, expires })
}

async function restrictKeyFile(file: string, log: Log): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return
  log.warn('key of the internal CA was open to other users', { file, mode: (mode & 0o777).toString(8) })
  try {
    await chmod(file, 0o600)
  } catch (cause) {
    log.warn('permissions of the key cannot be changed', { file, error: cause })
  }
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CertificateFileError(file, 'cannot be read', { cause })
  }
}
