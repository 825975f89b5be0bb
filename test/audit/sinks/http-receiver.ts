import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { HttpSettings } from '../../../src/audit/sinks/sink-settings.ts'
import { Secret } from '../../../src/model/secret.ts'
import { freePort } from '../../support/free-port.ts'
import type { Scope } from '../../support/scope.ts'
import { parseOtlp } from './parse-otlp.ts'
import { commonSettings, type Mood, type Receiver } from './receiver.ts'

export const BEARER = 'Bearer key-of-the-receiver'
export const HOOK_SECRET = 'key-of-the-hook'

/** A request that was read to its end. */
interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** When its headers came, in milliseconds since the epoch. */
  readonly arrivedAt: number
}

/** Throws where a request is not as its format wants it. */
type Parse = (request: Received) => readonly number[]

interface Kind {
  readonly settings: Pick<HttpSettings, 'type'> & Readonly<Record<string, unknown>>
  readonly path: string
  readonly parse: Parse
  readonly answer?: string
}

/** Strict receivers: what they cannot read they refuse, and the test fails for want of the line. */
export const HTTP_KINDS: Readonly<Record<string, Kind>> = {
  http: { settings: { type: 'http' }, path: '/in', parse: parseNdjson },
  'http, compressed': { settings: { type: 'http', gzip: true }, path: '/in', parse: parseNdjson },
  'webhook, distribution': {
    settings: { type: 'webhook', format: 'distribution', secret: new Secret(HOOK_SECRET) },
    path: '/hook',
    parse: parseDistribution,
  },
  'webhook, cloudevents one by one': {
    settings: { type: 'webhook', format: 'cloudevents', batch: 1 },
    path: '/events',
    parse: request => {
      requireType(request, 'application/cloudevents+json; charset=utf-8')
      return [parseCloudEvent(JSON.parse(request.body))]
    },
  },
  'webhook, cloudevents in batches': {
    settings: { type: 'webhook', format: 'cloudevents' },
    path: '/events',
    parse: request => {
      requireType(request, 'application/cloudevents-batch+json; charset=utf-8')
      return JSON.parse(request.body).map(parseCloudEvent)
    },
  },
  otlp: {
    settings: { type: 'otlp' },
    path: '/v1/logs',
    parse: request => {
      requireType(request, 'application/json')
      return parseOtlp(JSON.parse(request.body))
    },
    answer: '{"partialSuccess":{}}',
  },
}

/** A receiver of one of the kinds over HTTP, not started. It takes a batch when it has read and answered it. */
export async function createHttpReceiver(
  t: Scope,
  name: string,
): Promise<Receiver & { readonly faults: unknown[] }> {
  const kind = HTTP_KINDS[name]
  if (kind === undefined) throw new TypeError(name)
  const port = await freePort()
  const seen: number[] = []
  const faults: unknown[] = []
  let server: Server | undefined
  let mood: Mood = 'ok'
  let bad = 0
  let open = Promise.withResolvers<void>()
  open.resolve()
  const stop = async () => {
    server?.closeAllConnections()
    if (server?.listening) await new Promise(resolve => server?.close(resolve))
    server = undefined
  }
  t.teardown(stop)
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const arrivedAt = Date.now()
    await open.promise
    const bytes = await readBytes(request)
    if (bytes === undefined) return
    const body = textOf(request, bytes)
    if (mood === 'ok' || bad === 0) {
      seen.push(...kind.parse({ headers: request.headers, body, arrivedAt }))
      response.writeHead(200, { 'content-type': 'application/json' }).end(kind.answer ?? '')
      return
    }
    bad -= 1
    if (mood === 'error') response.writeHead(500).end('out of order')
    else if (mood === 'busy') response.writeHead(429, { 'retry-after': '1' }).end()
    else {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half an ', () => response.destroy())
    }
  }
  return {
    faults,
    settings: {
      ...commonSettings(name.replaceAll(/[ ,]+/g, '-')),
      url: `http://127.0.0.1:${port}${kind.path}`,
      headers: { Authorization: new Secret(BEARER) },
      gzip: false,
      on_refused: 'retry',
      refused_tries: 5,
      ...kind.settings,
    } as HttpSettings,
    seen: () => seen,
    start: async () => {
      server = createServer((request, response) => {
        handle(request, response).catch(error => {
          faults.push(error)
          response.destroy()
        })
      })
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    stop,
    pause: () => {
      open = Promise.withResolvers()
    },
    resume: () => open.resolve(),
    setMood: next => {
      mood = next
      bad = 3
    },
  }
}

/** `undefined` when the sink has left: it does not wait for ever, and sends its batch again. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

function textOf({ method, headers }: IncomingMessage, bytes: Buffer): string {
  if (method !== 'POST') throw new Error(`${method}`)
  if (headers.authorization !== BEARER) throw new Error('no bearer')
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8')
}

function requireType({ headers }: Received, type: string): void {
  if (headers['content-type'] !== type) throw new Error(`content type ${headers['content-type']}`)
}

function parseNdjson(request: Received): readonly number[] {
  const { body } = request
  requireType(request, 'application/x-ndjson')
  if (!body.endsWith('\n')) throw new Error('no newline at the end')
  return body
    .slice(0, -1)
    .split('\n')
    .map(line => JSON.parse(line).seq)
}

/** As distribution's documentation of notifications has the envelope and its events. */
function parseDistribution(request: Received): readonly number[] {
  requireType(request, 'application/vnd.docker.distribution.events.v2+json')
  requireSignature(request)
  const { events, ...rest } = JSON.parse(request.body)
  if (Object.keys(rest).length > 0 || !Array.isArray(events) || events.length === 0)
    throw new Error('no envelope')
  return events.map(({ id, timestamp, action, target, request: from, actor, source }) => {
    if (!['push', 'pull', 'delete', 'mount'].includes(action)) throw new Error(`action ${action}`)
    if (new Date(timestamp).toISOString() !== timestamp) throw new Error(`timestamp ${timestamp}`)
    if (!/^sha256:[0-9a-f]{64}$/.test(target.digest) || target.size !== target.length)
      throw new Error('target')
    if (!target.mediaType || !target.repository || !target.url || !from.id || !from.method)
      throw new Error('empty')
    if (typeof actor.name !== 'string' || typeof source.addr !== 'string') throw new Error('actor')
    return Number(id.split('-').at(-1))
  })
}

function requireSignature({ headers, body, arrivedAt }: Received): void {
  const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-landwaiter-signature'])) ?? []
  const right = createHmac('sha256', HOOK_SECRET).update(`${time}.${body}`).digest('hex')
  if (mac !== right || Math.abs(Number(time) * 1000 - arrivedAt) > 60_000) throw new Error('signature')
}

function parseCloudEvent(event: Readonly<Record<string, unknown>>): number {
  const { specversion, id, source, type, time, data } = event
  if (
    specversion !== '1.0' ||
    ![id, source, type, time].every(text => typeof text === 'string' && text !== '')
  ) {
    throw new Error(`no event ${JSON.stringify(event)}`)
  }
  return (data as { readonly seq: number }).seq
}
