import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/model/secret.ts'
import { type CertificateStoreOptions, openCertificateStore } from '../../src/tls/certificate-store.ts'
import type { NewCertificate } from '../../src/tls/stored-certificate.ts'
import { type Cleanup, makePair, memoryLog, temporaryDirectory } from './support.ts'

/** A store in a new directory, or in that of `options`, with its log. */
export async function openStore(t: Cleanup, options: Partial<CertificateStoreOptions> = {}) {
  const directory = options.directory ?? join(temporaryDirectory(t), 'acme')
  const log = memoryLog()
  const store = await openCertificateStore({ clock: Date.now, log, ...options, directory })
  return { directory, log, store, folderOf: (id: string) => join(directory, 'certificates', id) }
}

/** A self-signed certificate to store. */
export function newCertificate(
  t: Cleanup,
  names = 'DNS:registry.test',
  details: { readonly days?: number } & Partial<NewCertificate> = {},
): NewCertificate {
  const { days = 30, ...rest } = details
  const paths = makePair({ directory: temporaryDirectory(t), file: 'pair', names, days })
  return {
    key: new Secret(readFileSync(paths.key, 'utf8')),
    chain: readFileSync(paths.certificate, 'utf8'),
    authority: 'test-ca',
    obtainedAt: 1_700_000_000_000,
    ...rest,
  }
}
