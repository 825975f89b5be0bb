import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { request } from 'undici'
import { type BackgroundProcess, startProcess } from '../../support/background-process.ts'
import { freePort } from '../../support/free-port.ts'
import { basic, writeConfig } from '../../support/landwaiter.ts'
import { openPorts } from '../../support/landwaiter-process.ts'
import { startRealRegistry } from '../../support/real-registry.ts'
import { type CommandResult, runCommand } from '../../support/run-command.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import type { LoadOrder } from './load-process.ts'

const MAIN = join(import.meta.dirname, '../../../src/main.ts')
const REPOSITORY = 'dev-backend/app'
const OCI = 'application/vnd.oci.image.'
const MANIFEST = `${OCI}manifest.v1+json`

/** A landwaiter without TLS before a real registry, started again and again on the same files and ports. */
export interface AuditSite {
  readonly dir: string
  readonly auditFile: string
  readonly port: number
  readonly adminUrl: string
  /** Of the registry itself. */
  readonly upstream: string
  readonly start: () => Promise<BackgroundProcess>
  /** Runs `landwaiter audit verify`. */
  readonly verify: () => Promise<CommandResult>
  /** Clients for `startLoad`; the counts are of clients. */
  readonly order: (counts: Pick<LoadOrder, 'readers' | 'tokens' | 'writers'>) => Omit<LoadOrder, 'file'>
}

/** A registry with something to pull, for one site after the other. */
export interface FilledRegistry extends Pick<LoadOrder, 'targets' | 'config'> {
  readonly upstream: string
}

export async function openFilledRegistry(t: Scope): Promise<FilledRegistry> {
  const { upstream } = await startRealRegistry(t)
  return { upstream, ...(await pushContents(upstream)) }
}

interface SiteOptions {
  readonly file?: string
  readonly audit: object
  readonly workers?: number
  /** One of its own unless given. */
  readonly registry?: FilledRegistry | undefined
}

/** `audit` are keys of that section; `file` is the log. */
export async function openAuditSite(
  t: Scope,
  { file, audit, registry, ...sections }: SiteOptions,
): Promise<AuditSite> {
  const { upstream, ...contents } = registry ?? (await openFilledRegistry(t))
  const dir = tempDir(t)
  const auditFile = file ?? join(dir, 'audit.jsonl')
  const [port, admin] = [await freePort(), await freePort()]
  const configFile = writeConfig(dir, {
    tls: { mode: 'off' },
    listen: { http: `127.0.0.1:${port}`, admin: `127.0.0.1:${admin}` },
    registry: { upstream, auth: 'none' },
    audit: { file: auditFile, level: 'requests', ...audit },
    ...sections,
  })
  return {
    dir,
    auditFile,
    port,
    adminUrl: `http://127.0.0.1:${admin}`,
    upstream,
    start: async () => {
      const landwaiter = await startProcess(t, [process.execPath, MAIN, 'serve', '-c', configFile])
      await landwaiter.ready('ready', () => openPorts(landwaiter.output()))
      return landwaiter
    },
    verify: () =>
      runCommand(process.execPath, [MAIN, 'audit', 'verify', '-c', configFile], { timeoutMs: 300_000 }),
    order: counts => ({
      ...counts,
      ...contents,
      port,
      authorization: basic('admin'),
      repository: REPOSITORY,
      mediaType: MANIFEST,
    }),
  }
}

/** A small image, one blob that is streamed, and what to pull of them. */
async function pushContents(upstream: string): Promise<Pick<LoadOrder, 'targets' | 'config'>> {
  const base = `${upstream}/v2/${REPOSITORY}`
  const put = async (body: Buffer) => {
    const begun = await request(`${base}/blobs/uploads/`, { method: 'POST' })
    await begun.body.dump()
    const place = new URL(String(begun.headers['location']))
    const digest = digestOf(body)
    place.searchParams.set('digest', digest)
    const { statusCode, body: answer } = await request(place, { method: 'PUT', body })
    if (statusCode !== 201) throw new Error(`PUT of a blob: ${statusCode} ${await answer.text()}`)
    await answer.dump()
    return { digest, size: body.length }
  }
  const config = { mediaType: `${OCI}config.v1+json`, ...(await put(Buffer.from('{}'))) }
  const layer = { mediaType: `${OCI}layer.v1.tar`, ...(await put(Buffer.alloc(4096, 'small'))) }
  const large = await put(Buffer.alloc(300_000, 'large'))
  const text = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] })
  const { statusCode, body } = await request(`${base}/manifests/v1`, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST },
    body: text,
  })
  if (statusCode !== 201) throw new Error(`PUT of a manifest: ${statusCode} ${await body.text()}`)
  await body.dump()
  const path = `/v2/${REPOSITORY}`
  const byDigest = `${path}/manifests/${digestOf(text)}`
  const others = [
    `${path}/manifests/v1`,
    `${path}/blobs/${layer.digest}`,
    `${path}/blobs/${config.digest}`,
    `${path}/blobs/${large.digest}`,
    `${path}/tags/list`,
    '/v2/',
  ]
  return { config, targets: others.flatMap(other => [byDigest, byDigest, byDigest, other]) }
}

function digestOf(data: Buffer | string): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}
