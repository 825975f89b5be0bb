import { readFileSync } from 'node:fs'
import { Agent, type Dispatcher, request } from 'undici'
import { digestOf } from '../e2e/parity-content.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { type RealRegistry, startRealRegistry } from '../support/real-registry.ts'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'

/** One answer, its body as bytes. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** What one cache has counted. */
export interface Counts {
  readonly hit: number
  readonly miss: number
}

/** A registry, and a landwaiter with caches before it. */
export interface CachedRegistry {
  readonly registry: RealRegistry
  readonly landwaiter: TestLandwaiter
  /** Asks landwaiter as `admin`. */
  readonly ask: (call: string, options?: AskOptions) => Promise<Answer>
  /** Asks the registry itself, behind landwaiter's back. */
  readonly askRegistry: (call: string, options?: AskOptions) => Promise<Answer>
  readonly counts: (cache: string) => Promise<Counts>
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** Starts both with these settings of `cache`. Stopped at teardown. */
export async function startCachedRegistry(
  t: Scope,
  cache: unknown,
  config: Readonly<Record<string, unknown>> = {},
): Promise<CachedRegistry> {
  const registry = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, {
    config: { registry: { upstream: registry.upstream, auth: 'none' }, cache, ...config },
  })
  const ask = asker(t, landwaiter.url, { ca: readFileSync(landwaiter.caFile) })
  return {
    registry,
    landwaiter,
    ask: (call, { headers = {}, ...options } = {}) =>
      ask(call, { headers: { authorization: basic('admin'), ...headers }, ...options }),
    askRegistry: asker(t, registry.upstream, {}),
    counts: async cache => {
      const { body } = await request(`${landwaiter.adminUrl}/metrics`)
      const text = await body.text()
      const count = (result: string) =>
        Number(
          new RegExp(
            `^landwaiter_cache_requests_total\\{cache="${cache}",result="${result}"\\} (\\d+)`,
            'm',
          ).exec(text)?.[1] ?? 0,
        )
      return { hit: count('hit'), miss: count('miss') }
    },
  }
}

/** Puts a blob into a repository. */
export async function putBlob(ask: CachedRegistry['ask'], repository: string, body: Buffer): Promise<string> {
  const begun = await ask(`POST /v2/${repository}/blobs/uploads/`)
  const { pathname, search } = new URL(String(begun.headers['location']))
  const digest = digestOf(body)
  const put = await ask(`PUT ${pathname}${search}&digest=${digest}`, { body })
  if (put.status !== 201) throw new Error(`the blob was not taken: ${put.status} ${put.body}`)
  return digest
}

/** Puts a manifest into a repository under a tag or its digest. */
export async function putManifest(
  ask: CachedRegistry['ask'],
  {
    repository,
    reference,
    type,
  }: { readonly repository: string; readonly reference?: string; readonly type: string },
  body: Buffer,
): Promise<string> {
  const digest = digestOf(body)
  const call = `PUT /v2/${repository}/manifests/${reference ?? digest}`
  const put = await ask(call, { headers: { 'content-type': type }, body })
  if (put.status !== 201) throw new Error(`the manifest was not taken: ${put.status} ${put.body}`)
  return digest
}

/** The audit lines of a repository, as soon as there are `count`, without what differs from one to the next. */
export async function auditLines(
  landwaiter: TestLandwaiter,
  repository: string,
  count: number,
): Promise<readonly object[]> {
  const lines = await waitFor(`${count} audit lines of ${repository}`, () => {
    const written = landwaiter.audit().filter(line => line.repository === repository)
    return written.length >= count && written
  })
  return lines.map(({ time: _time, id: _id, seq: _seq, prev: _prev, duration_ms: _ms, ...line }) => line)
}

/** An answer without what differs from one to the next, or is the connection's. */
export function plain({ status, headers, body }: Answer): object {
  const { date, 'x-request-id': _id, connection: _connection, 'keep-alive': _keptAlive, ...kept } = headers
  return { status, headers: kept, hasDate: date !== undefined, body: body.toString('latin1') }
}

function asker(t: Scope, url: string, connect: object): CachedRegistry['ask'] {
  const agent = new Agent({ connect })
  t.teardown(() => agent.destroy())
  return async (call, { headers = {}, body } = {}) => {
    const [method = '', path = ''] = call.split(' ')
    const answer = await request(url + path, {
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body ?? null,
      dispatcher: agent,
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: Buffer.from(await answer.body.arrayBuffer()),
    }
  }
}
