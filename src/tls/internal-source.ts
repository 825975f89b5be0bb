import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../files/atomic-file.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { CertificateSource } from './certificate-source.ts'
import type { ClientCa } from './client-ca.ts'
import { createContextTable } from './context-table.ts'
import { type InternalCa, openInternalCa } from './internal-ca.ts'
import { issueLeaf, parseLeaf, renewalReason } from './internal-leaf.ts'
import type { KeyPair } from './key-pair.ts'
import { type LeafNames, leafNames } from './leaf-names.ts'

/** Certificates of our own CA. */
export interface InternalSource extends CertificateSource {
  readonly ca: InternalCa
  /** Renews what is due; the timer calls it every hour. Never rejects: failures are logged and tried again. */
  renew(): Promise<void>
}

export interface InternalSourceOptions {
  /** State: `ca.key`, `ca.pem` and one bundle per certificate in `leaves/`. */
  readonly directory: string
  /** Host names and addresses, the default one first. */
  readonly domains: readonly string[]
  /** Verifies the certificates of clients. */
  readonly clientCa?: ClientCa | undefined
  readonly clock: Clock
  readonly log: Log
}

interface Leaves {
  readonly options: InternalSourceOptions
  readonly ca: InternalCa
  readonly names: readonly LeafNames[]
}

// Hourly on the wall clock: a timer of two months would overflow, and a suspended machine would miss it.
const TICK_MS = 3_600_000

/**
 * Opens the CA, then reuses or issues one certificate per domain and renews each at a third of its lifetime.
 * @throws CertificateFileError when the CA cannot be used. A bad server certificate is replaced with a warning.
 */
export async function openInternalSource(options: InternalSourceOptions): Promise<InternalSource> {
  const ca = await openInternalCa(options)
  await mkdir(join(options.directory, 'leaves'), { recursive: true, mode: 0o700 })
  const leaves: Leaves = { options, ca, names: leafNames(options.domains) }
  let pairs = await Promise.all(leaves.names.map(names => loadLeaf(leaves, names)))
  let table = createContextTable(pairs, options.clientCa)
  let running = Promise.resolve()
  const listeners = new Set<() => void>()

  async function renewDue(): Promise<void> {
    const next = await Promise.all(
      leaves.names.map((names, index) => currentLeaf(leaves, names, pairs[index])),
    )
    if (next.every((pair, index) => pair === pairs[index])) return
    pairs = next
    table = createContextTable(pairs, options.clientCa)
    for (const listener of listeners) listener()
  }
  function renew(): Promise<void> {
    running = running
      .then(renewDue)
      .catch((error: unknown) => options.log.error('internal certificate not renewed', { error }))
    return running
  }
  const timer = setInterval(() => void renew(), TICK_MS).unref()

  return {
    ca,
    pairs: () => pairs,
    renew,
    contextFor: serverName => table.contextFor(serverName),
    defaultPair: () => table.defaultPair,
    certificates: () =>
      pairs.map(({ names, notAfter, issuer }) => ({ names, notAfter, issuer, source: 'internal' as const })),
    onChange: listener => void listeners.add(listener),
    close() {
      clearInterval(timer)
      return running
    },
  }
}

async function loadLeaf(leaves: Leaves, names: LeafNames): Promise<KeyPair> {
  return await currentLeaf(leaves, names, await storedLeaf(leaves, names))
}

async function storedLeaf(leaves: Leaves, names: LeafNames): Promise<KeyPair | undefined> {
  const file = leafFile(leaves, names)
  try {
    return parseLeaf(file, await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    leaves.options.log.warn('stored internal certificate cannot be used', { file, error })
    return undefined
  }
}

async function currentLeaf(leaves: Leaves, names: LeafNames, pair: KeyPair | undefined): Promise<KeyPair> {
  if (pair === undefined) return await storeNewLeaf(leaves, names)
  const reason = renewalReason(pair, { ca: leaves.ca, names, now: leaves.options.clock() })
  if (reason === undefined) return pair
  leaves.options.log.info('internal certificate is being replaced', { names: pair.names, reason })
  return await storeNewLeaf(leaves, names)
}

async function storeNewLeaf(leaves: Leaves, names: LeafNames): Promise<KeyPair> {
  const { clock, log } = leaves.options
  const { pair, bundle } = await issueLeaf(leaves.ca, names, clock())
  const expires = new Date(pair.notAfter).toISOString()
  try {
    await replaceFile({ path: leafFile(leaves, names), text: bundle, mode: 0o600 })
    log.info('internal certificate issued', { names: pair.names, expires })
  } catch (error) {
    // A full disk must not stop the service: the next start issues another one.
    log.error('internal certificate issued but not stored', { names: pair.names, expires, error })
  }
  return pair
}

function leafFile(leaves: Leaves, names: LeafNames): string {
  return join(leaves.options.directory, 'leaves', `${names.id}.pem`)
}
