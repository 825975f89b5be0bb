import type { CertificateStore } from './certificate-store.ts'
import { parseKeyPair } from './key-pair.ts'
import type { NewCertificate } from './stored-certificate.ts'

// Each attempt fails only because another process stored one in between.
const MAX_ATTEMPTS = 5

/**
 * Adds a certificate from elsewhere as the newest generation; `kept` when the one in store is the same or lasts as
 * long, so that importing again changes nothing and never goes back.
 * @throws CertificateFileError when key and chain do not belong together.
 */
export async function importCertificate(
  store: Pick<CertificateStore, 'read' | 'add'>,
  name: string,
  certificate: NewCertificate,
): Promise<'stored' | 'kept'> {
  const { key, chain } = certificate
  const pair = parseKeyPair({
    certificate: { file: name, text: chain },
    key: { file: name, text: key.reveal() },
  })
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const current = await store.read(name)
    if (current !== undefined && current.pair.notAfter >= pair.notAfter) return 'kept'
    if ((await store.add(name, current?.generation ?? 0, certificate)) === 'stored') return 'stored'
  }
  return 'kept'
}
