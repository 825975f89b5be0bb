import { readFile } from 'node:fs/promises'
import { messageOf } from '../model/message-of.ts'
import type { Clock, Log } from '../model/ports.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import type { CertificateSource } from './certificate-source.ts'
import type { ClientCa } from './client-ca.ts'
import { type ContextTable, createContextTable } from './context-table.ts'
import { type KeyPair, parseKeyPair } from './key-pair.ts'
import type { PemFile } from './pem-certificates.ts'
import { type FileWatch, watchFiles } from './watch-files.ts'

/** Certificates that somebody else puts in place. */
export interface FilesSource extends CertificateSource {
  /** Reads the files again now. Never rejects: pairs that cannot be used are logged and the old ones stay. */
  reload(): Promise<void>
}

/** Paths of a PEM certificate with its intermediates, and of its private key; they may be the same. */
export interface PairPaths {
  readonly certificate: string
  readonly key: string
}

export interface FilesSourceOptions {
  /** The first pair is the default for clients that name no server. */
  readonly pairs: readonly PairPaths[]
  /** Host names and addresses that the certificates must cover. */
  readonly domains: readonly string[]
  /** Verifies the certificates of clients. */
  readonly clientCa?: ClientCa | undefined
  readonly clock: Clock
  readonly log: Log
  /** Called after every reload that changed something or failed. */
  readonly onReload?: (outcome: 'loaded' | 'rejected') => void
  readonly pollMs?: number
}

interface Loaded {
  readonly pairs: readonly KeyPair[]
  readonly table: ContextTable
}

const POLL_MS = 2_000

/**
 * Loads the pairs and follows their files.
 * @throws CertificateFileError naming the file that cannot be used, or that lacks one of the domains.
 */
export async function openCertificateFiles(options: FilesSourceOptions): Promise<FilesSource> {
  // Started before the first read, so that no change falls between the read and the first poll.
  const files = options.pairs.flatMap(({ certificate, key }) => [certificate, key])
  const watch = watchFiles(files, options.pollMs ?? POLL_MS)
  try {
    return follow(options, { watch, first: await load(options) })
  } catch (error) {
    watch.close()
    throw error
  }
}

function follow(
  options: FilesSourceOptions,
  { watch, first }: { readonly watch: FileWatch; readonly first: Loaded },
): FilesSource {
  let loaded = first
  let rejection = ''
  let running = Promise.resolve()
  const listeners = new Set<() => void>()

  async function reloadNow(): Promise<void> {
    const next = await load(options, loaded)
    rejection = ''
    if (next === loaded) return
    loaded = next
    options.onReload?.('loaded')
    for (const listener of listeners) listener()
  }
  function reject(error: unknown): void {
    const message = String(error)
    if (message !== rejection) {
      options.log.error('new certificate files rejected, the old ones stay in use', { error })
    }
    rejection = message
    options.onReload?.('rejected')
  }
  function reload(): Promise<void> {
    running = running.then(reloadNow).catch(reject)
    return running
  }
  watch.start(() => void reload())

  return {
    reload,
    contextFor: serverName => loaded.table.contextFor(serverName),
    defaultPair: () => loaded.table.defaultPair,
    pairs: () => loaded.pairs,
    certificates: () =>
      loaded.pairs.map(({ names, notAfter, issuer }) => ({
        names,
        notAfter,
        issuer,
        source: 'files' as const,
      })),
    onChange: listener => void listeners.add(listener),
    close() {
      watch.close()
      return running
    },
  }
}

/** The checked content of the files; `current` itself when nothing changed. */
async function load(options: FilesSourceOptions, current?: Loaded): Promise<Loaded> {
  const pairs = await Promise.all(options.pairs.map(readPair))
  if (current !== undefined && samePairs(pairs, current.pairs)) return current
  const now = options.clock()
  for (const [index, pair] of pairs.entries()) {
    if (pair.notAfter > now || (current?.pairs[index]?.notAfter ?? 0) <= now) continue
    throw new CertificateFileError(pathOf(options, index), `expired on ${isoTime(pair.notAfter)}`)
  }
  const table = createTable(options, pairs)
  requireDomains(options, { pairs, table })
  for (const pair of pairs) logLoaded(options, pair)
  if (pairs.length > 0 && table.defaultPair === undefined) {
    options.log.warn('key types of the certificates differ, so clients that send no server name are refused')
  }
  return { pairs, table }
}

async function readPair({ certificate, key }: PairPaths): Promise<KeyPair> {
  return parseKeyPair({ certificate: await readPem(certificate), key: await readPem(key) })
}

async function readPem(file: string): Promise<PemFile> {
  try {
    return { file, text: await readFile(file, 'utf8') }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new CertificateFileError(file, `cannot be read (${reason})`, { cause })
  }
}

function samePairs(left: readonly KeyPair[], right: readonly KeyPair[]): boolean {
  return left.every((pair, index) => {
    const other = right[index]
    return pair.certificate === other?.certificate && pair.key.reveal() === other.key.reveal()
  })
}

function createTable(options: FilesSourceOptions, pairs: readonly KeyPair[]): ContextTable {
  try {
    return createContextTable(pairs, options.clientCa)
  } catch (cause) {
    const reason = messageOf(cause)
    throw new CertificateFileError(pathOf(options, 0), `cannot be served: ${reason}`, { cause })
  }
}

function requireDomains(options: FilesSourceOptions, { pairs, table }: Loaded): void {
  const missing = options.domains.filter(domain => !table.covers(domain))
  if (missing.length === 0) return
  const present = pairs.flatMap(pair => pair.names).join(', ')
  throw new CertificateFileError(
    pathOf(options, 0),
    `does not cover ${missing.join(', ')}; the certificate is for ${present}`,
  )
}

function logLoaded({ clock, log }: FilesSourceOptions, pair: KeyPair): void {
  const now = clock()
  const fields = {
    names: pair.names,
    issuer: pair.issuer,
    from: isoTime(pair.notBefore),
    expires: isoTime(pair.notAfter),
  }
  if (pair.notAfter <= now) log.error('certificate loaded though it has expired', fields)
  else if (pair.notBefore > now) log.warn('certificate loaded though it is not valid yet', fields)
  else log.info('certificate loaded', fields)
}

function pathOf({ pairs }: FilesSourceOptions, index: number): string {
  return pairs[index]?.certificate ?? ''
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
