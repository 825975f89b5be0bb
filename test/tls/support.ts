import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Log } from '../../src/model/ports.ts'
import { type FilesSource, openCertificateFiles, type PairPaths } from '../../src/tls/certificate-files.ts'
import type { ClientCa } from '../../src/tls/client-ca.ts'
import { openInternalSource } from '../../src/tls/internal-source.ts'
import { createServerOptions, type ServerOptions, type TlsSettings } from '../../src/tls/server-options.ts'

/** The part of a tap test that the helpers use. */
export interface Cleanup {
  teardown(step: () => unknown): unknown
}

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A log that keeps its lines. */
export function memoryLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      lines.push({ level, message, fields })
    }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A directory that is removed after the test. */
export function temporaryDirectory(t: Cleanup): string {
  const directory = mkdtempSync(join(tmpdir(), 'landwaiter-tls-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export interface PairRequest {
  readonly directory: string
  readonly file: string
  /** Subject alternative names in OpenSSL's notation; absent: none. */
  readonly names?: string
  readonly key?: 'P-256' | 'P-384' | 'rsa:2048' | 'rsa:1024'
  readonly days?: number
}

/** Makes `FILE.pem` and `FILE.key`, self-signed and valid for 30 days unless told otherwise, with OpenSSL. */
export function makePair({ directory, file, names, key = 'P-256', days = 30 }: PairRequest) {
  const paths = { certificate: join(directory, `${file}.pem`), key: join(directory, `${file}.key`) }
  const algorithm = key.startsWith('rsa')
    ? ['-newkey', key]
    : ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${key}`]
  const extension = names === undefined ? [] : ['-addext', `subjectAltName=${names}`]
  const output = ['-keyout', paths.key, '-out', paths.certificate]
  openssl(
    'req',
    '-x509',
    ...algorithm,
    '-nodes',
    '-days',
    String(days),
    '-subj',
    `/CN=${file}`,
    ...extension,
    ...output,
  )
  return paths
}

/** Standard output of an OpenSSL command. */
export function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Everything that `openssl s_client` prints about a handshake; `ok` is false when the handshake fails. */
export async function sClient(
  port: number,
  ...args: readonly string[]
): Promise<{ ok: boolean; text: string }> {
  const options = ['s_client', '-connect', `127.0.0.1:${port}`, ...args]
  const child = spawn('openssl', options, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 })
  let text = ''
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
  }
  const [status] = await once(child, 'close')
  return { ok: status === 0, text }
}

/** An HTTPS server on a free loopback port, kept current and closed after the test. */
export async function startServer(
  t: Cleanup,
  options: ServerOptions,
): Promise<{ server: Server; port: number }> {
  const server = createServer(options.current(), (_request, response) => response.end('ok'))
  options.attach(server)
  t.teardown(() => {
    options.close()
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

/** What a client sees of one handshake; the connection stays open until the test ends. */
export async function handshake(
  t: Cleanup,
  options: ConnectionOptions,
): Promise<TLSSocket | { code: string }> {
  const socket = connect({ host: '127.0.0.1', rejectUnauthorized: false, ...options })
  t.teardown(() => socket.destroy())
  return await new Promise(resolve => {
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', error => resolve({ code: (error as NodeJS.ErrnoException).code ?? error.message }))
  })
}

/** Common name of the certificate that the client was shown, or the code of the failure. */
export async function seenBy(t: Cleanup, options: ConnectionOptions): Promise<string> {
  const result = await handshake(t, options)
  return 'code' in result ? result.code : String(result.getPeerCertificate().subject.CN)
}

/** Options of `openFiles`; by default nothing must be covered and nothing is polled. */
export interface FilesSetting {
  readonly pairs: readonly PairPaths[]
  readonly domains?: readonly string[]
  readonly clock?: () => number
  readonly pollMs?: number
  readonly clientCa?: ClientCa
}

/** A source of certificate files with its log and the outcomes of its reloads. */
export async function openFiles(t: Cleanup, setting: FilesSetting) {
  const log = memoryLog()
  const outcomes: string[] = []
  const source: FilesSource = await openCertificateFiles({
    domains: [],
    clock: Date.now,
    pollMs: 60_000,
    ...setting,
    log,
    onReload: outcome => void outcomes.push(outcome),
  })
  t.teardown(() => source.close())
  return { source, log, outcomes }
}

/** A server with certificate files. */
export async function serveFiles(t: Cleanup, pairs: readonly PairPaths[], settings?: TlsSettings) {
  const { source } = await openFiles(t, { pairs })
  const options = createServerOptions(source, settings)
  return { ...(await startServer(t, options)), source, options }
}

/** A server with certificates of the internal CA, whose root is in the file `root`. */
export async function serveInternal(
  t: Cleanup,
  { domains, clock = Date.now }: { domains: string[]; clock?: () => number },
) {
  const directory = temporaryDirectory(t)
  const source = await openInternalSource({ directory, domains, clock, log: memoryLog() })
  t.teardown(() => source.close())
  const options = createServerOptions(source)
  return { ...(await startServer(t, options)), source, options, root: join(directory, 'ca.pem') }
}
