import type { CertificateSource } from './certificate-source.ts'
import type { ClientCa } from './client-ca.ts'
import { createContextTable } from './context-table.ts'
import { type KeyPair, parseKeyPair } from './key-pair.ts'

/** Certificates and the ticket key as they go from thread to thread, plain data; it holds secrets. */
export interface CertificateMaterial {
  /** PEM texts, in the order of `CertificateSource.pairs`. */
  readonly pairs: readonly { readonly certificate: string; readonly key: string }[]
  readonly ticketKeys: Uint8Array
}

/** Certificates that another thread looks after. */
export interface FedSource extends CertificateSource {
  /** Serves these from now on. @throws CertificateFileError, keeping the ones before. */
  feed(pairs: CertificateMaterial['pairs']): void
}

/** @throws CertificateFileError */
export function createFedSource(
  first: CertificateMaterial['pairs'],
  clientCa: ClientCa | undefined,
): FedSource {
  const listeners = new Set<() => void>()
  let pairs = first.map(parse)
  let table = createContextTable(pairs, clientCa)
  return {
    feed(next) {
      const parsed = next.map(parse)
      table = createContextTable(parsed, clientCa)
      pairs = parsed
      for (const listener of listeners) listener()
    },
    contextFor: serverName => table.contextFor(serverName),
    defaultPair: () => table.defaultPair,
    pairs: () => pairs,
    certificates: () => [],
    onChange: listener => void listeners.add(listener),
    close: async () => undefined,
  }
}

function parse({ certificate, key }: CertificateMaterial['pairs'][number]): KeyPair {
  const file = 'a certificate of another thread'
  return parseKeyPair({ certificate: { file, text: certificate }, key: { file, text: key } })
}
