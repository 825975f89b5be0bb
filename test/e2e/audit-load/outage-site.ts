import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { basic } from '../../support/landwaiter.ts'
import type { Scope } from '../../support/scope.ts'
import { fillDisk, smallDisk } from '../../support/small-disk.ts'
import { type AuditSite, type FilledRegistry, openAuditSite } from './audit-site.ts'
import type { SeenAnswer } from './start-load.ts'

const DISK_KIB = 128 * 1024
const BALLAST = 256 * 1024
const PATH = '/v2/dev-backend/app'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** A site whose audit log has a disk of its own; the registry and the state of landwaiter are elsewhere. */
export interface OutageSite extends AuditSite {
  /** Takes all the room; returns how to give it back. */
  readonly fill: () => () => void
  /** The answer of `/readyz`. */
  readonly readiness: () => Promise<string>
  /** Value of a metric without labels. */
  readonly metric: (name: string) => Promise<number>
  /** Lines in memory, as the state of landwaiter has it. */
  readonly waiting: () => number
  /** Status of one pull, and of the first request of a push. */
  readonly pull: () => Promise<number>
  readonly push: () => Promise<number>
  /** All answers to `pull` and `push`. */
  readonly asked: readonly SeenAnswer[]
}

/** `audit` are keys of that section; the ballast is small. */
export async function openOutageSite(
  t: Scope,
  {
    audit = {},
    ...options
  }: {
    readonly audit?: object
    readonly workers?: number
    readonly registry: FilledRegistry | undefined
  },
): Promise<OutageSite> {
  const disk = smallDisk(t, DISK_KIB)
  const file = join(disk, 'audit.jsonl')
  const site = await openAuditSite(t, { file, audit: { ballast: BALLAST, ...audit }, ...options })
  const head = join(site.dir, 'state/audit/head.json')
  const asked: SeenAnswer[] = []
  const ask = async (method: 'GET' | 'POST', target: string) => {
    const seen = await askOnce(site.port, method, target)
    asked.push(seen)
    return seen.status
  }
  return {
    ...site,
    asked,
    fill: () => fillDisk(disk),
    readiness: async () => (await getText(`${site.adminUrl}/readyz`)).trimEnd(),
    metric: async name => {
      const text = await getText(`${site.adminUrl}/metrics`)
      return Number(new RegExp(`^landwaiter_${name} (\\d+)$`, 'm').exec(text)?.[1])
    },
    waiting: () => JSON.parse(readFileSync(head, 'utf8')).waiting,
    pull: () => ask('GET', `${PATH}/manifests/v1`),
    push: () => ask('POST', `${PATH}/blobs/uploads/`),
  }
}

async function askOnce(port: number, method: 'GET' | 'POST', target: string): Promise<SeenAnswer> {
  const headers = { authorization: basic('admin'), accept: MANIFEST }
  const {
    statusCode,
    headers: got,
    body,
  } = await request(`http://127.0.0.1:${port}${target}`, { method, headers })
  const text = await body.text()
  const [error] = statusCode < 500 ? [] : JSON.parse(text).errors
  return {
    id: String(got['x-request-id']),
    method,
    status: statusCode,
    target,
    error: error === undefined ? '' : `${error.code}: ${error.message}`,
  }
}

async function getText(url: string): Promise<string> {
  const { body } = await request(url)
  return body.text()
}
