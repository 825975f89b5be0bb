import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'
import type { LoadOrder, LoadResult } from './load-process.ts'
import type { Door } from './server.ts'

const TIMEOUT_MS = 300_000

/** A request without a body. */
export interface SmallRequest {
  readonly method: 'GET' | 'HEAD'
  readonly path: string
  readonly headers: readonly string[]
}

/** How hard it is asked, and how long. */
export interface Load {
  readonly connections: number
  readonly seconds: number
}

/**
 * Asks `door` the same over and over on connections that are kept, from a process of its own; requests that differ
 * in their headers only are sent in turns. Throws when an answer is not 200.
 */
export async function smallLoad(
  door: Door,
  requests: readonly [SmallRequest, ...SmallRequest[]],
  load: Load,
): Promise<LoadResult> {
  const [{ method, path }] = requests
  const order: LoadOrder = {
    ...load,
    port: door.port,
    isTls: door.url.startsWith('https:'),
    requests: requests.map(request => headOf(door, request)),
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
  if (result.failures > 0) throw new Error(`${what}: ${result.failures} answers were not 200`)
  return result
}

function headOf({ url }: Door, { method, path, headers }: SmallRequest): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers, '', ''].join('\r\n')
}
