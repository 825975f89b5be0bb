import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type HttpConnection,
  openConnection,
  type PlainRequest,
  type WholeAnswer,
} from './http-connection.ts'

/**
 * Clients of a registry that never stop, as a process of its own: argument 1 is a `LoadOrder` in JSON. It prints
 * `answers N lost M` from time to time, M of requests whose connection was lost; after TERM it lets requests end, writes the answers that were received whole to
 * `file`, one `ID METHOD STATUS TARGET ERROR` a line (the error only of a status from 500 on), and ends.
 */

/** What is asked for, and by how many clients. */
export interface LoadOrder {
  readonly port: number
  readonly authorization: string
  readonly repository: string
  readonly file: string
  /** Clients that pull what is there, that ask for tokens, that push and delete. */
  readonly readers: number
  readonly tokens: number
  readonly writers: number
  /** Read in turns. */
  readonly targets: readonly string[]
  readonly mediaType: string
  /** Descriptor of a configuration that is in the repository, for pushed manifests. */
  readonly config: object
}

const RETRY_MS = 20
const LAST_MS = 3_000

const order: LoadOrder = JSON.parse(process.argv[2] ?? '')
const { authorization, repository, mediaType } = order
const base = `/v2/${repository}`
const answers: string[] = []
let isOver = false
let pushed = 0
let lost = 0

process.once('SIGTERM', () => {
  isOver = true
})

type Ask = (request: PlainRequest) => Promise<WholeAnswer>

/** Does the work over and over, on new connections when one is lost. */
async function keepWorking(work: (ask: Ask) => Promise<void>): Promise<void> {
  while (!isOver) {
    const client = createClient()
    try {
      while (!isOver) await work(client.ask)
    } catch {
      // It was killed; or it refuses what would follow from a refused answer.
      if (!isOver) await sleep(RETRY_MS)
    } finally {
      client.close()
    }
  }
}

/** Records what it receives; takes a new connection when the server ends one with an answer. */
function createClient(): { readonly ask: Ask; readonly close: () => void } {
  let connection: HttpConnection | undefined
  const close = () => {
    connection?.close()
    connection = undefined
  }
  const ask: Ask = async request => {
    connection ??= await openConnection(order.port)
    const headers = { authorization, ...request.headers }
    const answer = await connection.ask({ ...request, headers }).catch(error => {
      lost += 1
      throw error
    })
    record(request, answer)
    if (answer.headers.get('connection') === 'close') close()
    if (answer.status >= 500) await sleep(RETRY_MS)
    return answer
  }
  return { ask, close }
}

function record({ method, target }: PlainRequest, answer: WholeAnswer): void {
  const error = answer.status >= 500 ? ` ${errorOf(answer)}` : ''
  answers.push(`${answer.headers.get('x-request-id')} ${method} ${answer.status} ${target}${error}`)
}

/** Code and text of the registry's envelope; a HEAD has none. */
function errorOf({ body }: WholeAnswer): string {
  if (body.length === 0) return ''
  const { code, message } = JSON.parse(body.toString()).errors[0]
  return `${code}: ${message}`
}

let turn = 0

async function read(ask: Ask): Promise<void> {
  turn += 1
  const target = order.targets[turn % order.targets.length] ?? ''
  await ask({ method: turn % 16 === 0 ? 'HEAD' : 'GET', target, headers: { accept: mediaType } })
}

async function fetchToken(ask: Ask): Promise<void> {
  await ask({ method: 'GET', target: `/auth?scope=repository:${repository}:pull` })
}

/** A blob, a manifest with a tag, and away with the manifest; each is tried, whatever became of the one before. */
async function write(ask: Ask): Promise<void> {
  pushed += 1
  const blob = randomBytes(64)
  const begun = await ask({ method: 'POST', target: `${base}/blobs/uploads/` })
  const location = begun.headers.get('location')
  if (location !== undefined) {
    const { pathname, search } = new URL(location, 'http://localhost')
    const query = `${search === '' ? '?' : `${search}&`}digest=${digestOf(blob)}`
    const type = 'application/octet-stream'
    await ask({ method: 'PUT', target: pathname + query, headers: { 'content-type': type }, body: blob })
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: order.config,
    layers: [],
    annotations: { number: `${process.pid}-${pushed}` },
  })
  const target = `${base}/manifests/tag-${pushed % 20}`
  await ask({ method: 'PUT', target, headers: { 'content-type': mediaType }, body: manifest })
  await ask({ method: 'DELETE', target: `${base}/manifests/${digestOf(manifest)}` })
}

function digestOf(data: Buffer | string): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

const clients = [
  ...Array.from({ length: order.readers }, () => keepWorking(read)),
  ...Array.from({ length: order.tokens }, () => keepWorking(fetchToken)),
  ...Array.from({ length: order.writers }, () => keepWorking(write)),
]
const timer = setInterval(() => process.stdout.write(`answers ${answers.length} lost ${lost}\n`), 50)
// Whoever waits for a dead server does not wait for ever.
const overdue = async () => {
  while (!isOver) await sleep(RETRY_MS)
  await sleep(LAST_MS)
}
await Promise.race([Promise.all(clients), overdue()])
clearInterval(timer)
process.stdout.write(`answers ${answers.length} lost ${lost}\n`)
const file = createWriteStream(order.file)
for (const answer of answers) if (!file.write(`${answer}\n`)) await once(file, 'drain')
file.end()
await once(file, 'finish')
process.exit()
