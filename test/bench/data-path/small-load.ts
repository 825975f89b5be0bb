import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'
import type { LoadOrder, LoadResult } from './load-process.ts'
import type { Door } from './server.ts'

const TIMEOUT_MS = 300_000

/** A request that fits into one write. */
export interface SmallRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT'
  readonly path: string
  readonly headers: readonly string[]
  readonly body?: string
  /** Of the answer; 200 unless told. */
  readonly status?: number
}

/** How hard it is asked, and how long. */
export interface Load {
  readonly connections: number
  readonly seconds: number
}

/**
 * Asks `door` the same over and over on connections that are kept, from a process of its own; requests that differ
 * in their headers only are sent in turns. Throws when an answer has another status.
 */
export async function smallLoad(
  door: Door,
  requests: readonly [SmallRequest, ...SmallRequest[]],
  load: Load,
): Promise<LoadResult> {
  const [{ method, path, status = 200 }] = requests
  const order: LoadOrder = {
    ...load,
    port: door.port,
    isTls: door.url.startsWith('https:'),
    requests: requests.map(request => textOf(door, request)),
    status,
    hasNoBody: method === 'HEAD',
  }
  const script = join(import.meta.dirname, 'load-process.ts')
  const { code, stdout, stderr } = await runCommand(process.execPath, [script], {
    input: JSON.stringify(order),
    timeoutMs: TIMEOUT_MS,
  })
  const what = `${method} ${door.url}${path}`
  if (code !== 0) throw new Error(`${what}: ${stderr}`)
  const result: LoadResult = JSON.parse(stdout)
  if (result.failures > 0) throw new Error(`${what}: ${result.failures} answers were not ${status}`)
  return result
}

function textOf({ url }: Door, { method, path, headers, body }: SmallRequest): string {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers, ...length]
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`
}
