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
 * Asks `door` the same over and over on connections that are kept, from a process of its own.
 * Throws when an answer is not 200.
 */
export async function smallLoad(door: Door, request: SmallRequest, load: Load): Promise<LoadResult> {
  const { method, path, headers } = request
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${new URL(door.url).host}`, ...headers, '', '']
  const order: LoadOrder = {
    ...load,
    port: door.port,
    isTls: door.url.startsWith('https:'),
    request: lines.join('\r\n'),
    hasNoBody: method === 'HEAD',
  }
  const args = [join(import.meta.dirname, 'load-process.ts'), JSON.stringify(order)]
  const { code, stdout, stderr } = await runCommand(process.execPath, args, { timeoutMs: TIMEOUT_MS })
  if (code !== 0) throw new Error(`${method} ${door.url}${path}: ${stderr}`)
  const result: LoadResult = JSON.parse(stdout)
  if (result.failures > 0)
    throw new Error(`${method} ${door.url}${path}: ${result.failures} answers were not 200`)
  return result
}
