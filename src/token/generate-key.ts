import { KeyObject, randomBytes, webcrypto } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createFile, replaceFile } from '../files/atomic-file.ts'
import type { Clock } from '../model/ports.ts'
import { KeyFileError } from './key-file-error.ts'
import { loadSigningKey, type SigningKey } from './signing-key.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const VALIDITY_MS = 3_652 * DAY_MS
const RENEW_BEFORE_MS = 365 * DAY_MS
const COMMON_NAME = 'landwaiter token signer'

/**
 * The paths of a signing key and its certificate in `dir`, made on first use: ES256, ten years,
 * made anew at a start in the last of them. `token.pem` (mode 0600) holds key and certificate;
 * `token.crt` holds the certificate alone, for a registry's `rootcertbundle`.
 * @throws KeyFileError when `token.pem` is there but cannot be used (it is never overwritten then),
 * or when the directory cannot be written.
 */
export async function ensureSigningKey(
  dir: string,
  options: { readonly clock: Clock },
): Promise<{ readonly key: string; readonly certificate: string }> {
  const files = { key: join(dir, 'token.pem'), certificate: join(dir, 'token.crt') }
  const now = options.clock()
  try {
    const stored = await readStored(files.key)
    const certificatePem = await lastingCertificate(files.key, stored, now)
    // The pair is one file, so it is whole or absent; this copy of its half is mended after a crash.
    if ((await readIfPresent(files.certificate)) !== certificatePem) {
      await replaceFile({ path: files.certificate, text: certificatePem, mode: 0o644 })
    }
    return files
  } catch (cause) {
    if (cause instanceof KeyFileError) throw cause
    throw new KeyFileError(dir, `no signing key can be kept here (${errorCode(cause)})`, { cause })
  }
}

async function readStored(file: string): Promise<SigningKey | undefined> {
  if ((await readIfPresent(file)) === undefined) return undefined
  return await loadSigningKey({ key: file, certificate: file })
}

async function lastingCertificate(
  file: string,
  stored: SigningKey | undefined,
  now: number,
): Promise<string> {
  if (stored !== undefined && stored.notAfter - now > RENEW_BEFORE_MS) return stored.certificatePem
  await mkdir(dirname(file), { recursive: true })
  const pair = await generatePair(now)
  const content = { path: file, text: pair.keyPem + pair.certificatePem, mode: 0o600 }
  // Of two processes that start on one new directory, both take the pair of the first.
  if (stored === undefined) await createFile(content)
  else await replaceFile(content)
  return (await loadSigningKey({ key: file, certificate: file })).certificatePem
}

async function generatePair(
  now: number,
): Promise<{ readonly keyPem: string; readonly certificatePem: string }> {
  // Needed once in years, and slow to load.
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      keys,
      name: `CN=${COMMON_NAME}`,
      serialNumber: serialNumber(),
      signingAlgorithm: algorithm,
      // A registry's clock may be behind.
      notBefore: new Date(now - HOUR_MS),
      notAfter: new Date(now + VALIDITY_MS),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  )
  const keyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { keyPem: keyPem.toString(), certificatePem: `${certificate.toString('pem')}\n` }
}

/** RFC 5280 §4.1.2.2: positive, not zero, at most 20 octets. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes.readUInt8(0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'latin1')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error'
}
