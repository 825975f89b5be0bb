import { readFileSync } from 'node:fs'
import { Client, type Dispatcher, request } from 'undici'
import type { TestLandwaiter } from './landwaiter.ts'
import type { Scope } from './scope.ts'

/** A client with one connection, which stays with the worker that accepted it. */
export interface WorkerClient {
  readonly worker: number
  readonly request: (path: string, options?: WorkerRequest) => Promise<WorkerAnswer>
}

export interface WorkerRequest {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface WorkerAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly bytes: Buffer
  readonly text: string
}

type Served = Pick<TestLandwaiter, 'host' | 'adminUrl' | 'caFile'>

const MAX_CONNECTIONS = 64

/** Requests that each worker has finished. */
export async function requestsByWorker({ adminUrl }: Pick<Served, 'adminUrl'>): Promise<readonly number[]> {
  const { body } = await request(`${adminUrl}/metrics`)
  const lines = (await body.text()).matchAll(/^landwaiter_worker_requests_total\{worker="(\d+)"\} (\d+)$/gm)
  return Array.from(lines, ([, , count]) => Number(count))
}

/** One client for each worker, in their order; nobody else may send requests meanwhile. */
export async function workerClients(t: Scope, served: Served): Promise<readonly WorkerClient[]> {
  const found = new Map<number, WorkerClient>()
  let before = await requestsByWorker(served)
  for (let tried = 0; found.size < before.length && tried < MAX_CONNECTIONS; tried += 1) {
    const send = openClient(t, served)
    await send('/livez')
    const after = await requestsByWorker(served)
    const worker = after.findIndex((count, index) => count !== before[index])
    if (!found.has(worker)) found.set(worker, { worker: worker + 1, request: send })
    before = after
  }
  if (found.size < before.length) throw new Error('the kernel gives every connection to one worker')
  return [...found.values()].sort((a, b) => a.worker - b.worker)
}

function openClient(t: Scope, { host, caFile }: Served): WorkerClient['request'] {
  const client = new Client(`https://${host}`, { connect: { ca: readFileSync(caFile) } })
  t.teardown(() => client.destroy())
  return async (path, { method = 'GET', headers = {}, body } = {}) => {
    const answer = await client.request({ path, method, headers, ...(body === undefined ? {} : { body }) })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    return { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() }
  }
}
