import type { CaddyCertificate, CaddyData } from './caddy-data.ts'
import type { CertificateStore } from './certificate-store.ts'
import { importCertificate } from './import-certificate.ts'

export interface CaddyImportOptions {
  /** Our name for the authority with this directory. */
  readonly authorityId: (directory: string) => string
}

/** What became of the certificates and accounts; all paths are Caddy's. */
export interface CaddyImport {
  readonly stored: readonly CaddyCertificate[]
  /** What the store has is the same, or lasts as long. */
  readonly kept: readonly CaddyCertificate[]
  /** Ids of the authorities whose account was taken over. */
  readonly accounts: readonly string[]
}

/**
 * Takes over the certificates as new generations, and the accounts of authorities where we have none. Can be repeated:
 * the second time changes nothing.
 */
export async function importCaddyData(
  store: Pick<CertificateStore, 'read' | 'add' | 'accounts'>,
  { certificates, accounts }: CaddyData,
  { authorityId }: CaddyImportOptions,
): Promise<CaddyImport> {
  const stored: CaddyCertificate[] = []
  const kept: CaddyCertificate[] = []
  // Two authorities may have issued for one name: the certificate that lasts longest comes last and is the newest.
  for (const certificate of certificates.toSorted(
    (left, right) => left.pair.notAfter - right.pair.notAfter,
  )) {
    const { name, folder, directory, chain, key, pair } = certificate
    const outcome = await importCertificate(store, name, {
      chain,
      key,
      authority: directory === undefined ? `imported:${folder}` : authorityId(directory),
      ...(directory === undefined ? {} : { directory }),
      obtainedAt: pair.notBefore,
    })
    ;(outcome === 'stored' ? stored : kept).push(certificate)
  }
  const taken: string[] = []
  for (const { directory, account } of accounts) {
    if (directory === undefined) continue
    const id = authorityId(directory)
    const take = async () => {
      if ((await store.accounts.read(id)) !== undefined) return
      await store.accounts.write(id, account)
      taken.push(id)
    }
    await store.accounts.exclusively(id, take, new AbortController().signal)
  }
  return { stored, kept, accounts: taken }
}
