import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import type { Scope } from '../support/scope.ts'
import type { Answer, Row } from './parity-row.ts'

/** Makes one call of the table. The rows of one table share the `Location`s that they keep. */
export type Ask = (row: Row) => Promise<Answer>

/** Headers of an answer that a client may act on. */
const HEADERS_THAT_MATTER = [
  'accept-ranges',
  'allow',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'etag',
  'link',
  'location',
  'range',
  'vary',
  'warning',
  'www-authenticate',
]

/** The connection was closed before the head of an answer. */
const NO_ANSWER: Answer = { status: 0, headers: {}, body: '', cut: true }

/** Asks the registry at `url`. What differs between two runs, the ids of uploads and our address, is normalised. */
export function createAsk(
  t: Scope,
  options: {
    readonly url: string
    readonly caFile?: string
    readonly authorization?: (row: Row) => string
  },
): Ask {
  const { url, caFile, authorization } = options
  const agent = new Agent(caFile === undefined ? {} : { connect: { ca: readFileSync(caFile) } })
  t.teardown(() => agent.destroy())
  const kept = new Map<string, string>()
  return async row => {
    const [method = '', target = ''] = row.call.split(' ')
    const path = target.replace(/\{(\w+)\}/, (_, name: string) => kept.get(name) ?? `/not-kept/${name}`)
    const answer = await request(url + path, {
      method: method as Dispatcher.HttpMethod,
      dispatcher: agent,
      headers: { ...row.headers, ...(authorization && { authorization: authorization(row) }) },
      body: bodyOf(row),
    }).catch(() => undefined)
    if (answer === undefined) return NO_ANSWER
    const { location } = answer.headers
    if (row.keep !== undefined) kept.set(row.keep, String(location).slice(url.length))
    const { body, cut } = await readBody(answer)
    return { status: answer.statusCode, headers: headersOf(answer, url), body: anonymous(body), cut }
  }
}

function bodyOf({ body, chunked }: Row): Readable | Buffer | null {
  if (body === undefined) return null
  return chunked ? Readable.from(inPieces(body)) : body
}

function* inPieces(body: Buffer): Generator<Buffer> {
  const middle = body.length >> 1
  yield body.subarray(0, middle)
  yield body.subarray(middle)
}

async function readBody(answer: Dispatcher.ResponseData): Promise<{ body: string; cut: boolean }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer.body) chunks.push(chunk)
    return { body: Buffer.concat(chunks).toString('latin1'), cut: false }
  } catch {
    return { body: Buffer.concat(chunks).toString('latin1'), cut: true }
  }
}

function headersOf({ headers }: Dispatcher.ResponseData, url: string): Record<string, string> {
  const present = HEADERS_THAT_MATTER.filter(name => headers[name] !== undefined)
  return Object.fromEntries(
    present.map(name => [name, anonymous(String(headers[name]).replace(url, 'ORIGIN'))]),
  )
}

function anonymous(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/_state=[^&]+/g, '_state=STATE')
    .replace(/\b[0-9a-f]{60}\b/g, 'BOUNDARY')
}
