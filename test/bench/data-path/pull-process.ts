import { createHash } from 'node:crypto'
import { request as requestPlain } from 'node:http'
import { Agent, request as requestTls } from 'node:https'

/**
 * Pulls an image as dockerd does, over and over, as a process of its own: argument 1 is a `PullOrder` in JSON, standard
 * output the seconds of each pull as a list. Every pull has connections of its own.
 */

/** What it is asked for. */
export interface PullOrder {
  readonly url: string
  /** The token realm, with the query. */
  readonly tokenUrl: string
  /** Header of the login. */
  readonly authorization: string
  readonly repository: string
  readonly tag: string
  readonly mediaType: string
  readonly pulls: number
}

interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly digest: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** dockerd's max-concurrent-downloads. */
const LAYERS_AT_A_TIME = 3

const order: PullOrder = JSON.parse(process.argv[2] ?? '')
const seconds: number[] = []
for (let pull = 0; pull < order.pulls; pull += 1) {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  const start = performance.now()
  await pullImage(agent)
  seconds.push((performance.now() - start) / 1_000)
  agent.destroy()
}
process.stdout.write(JSON.stringify(seconds), () => process.exit())

async function pullImage(agent: Agent): Promise<void> {
  const { url, repository, tag, mediaType } = order
  const base = `${url}/v2/${repository}`
  const challenged = await ask(agent, { url: `${url}/v2/`, status: 401 })
  if (challenged.headers['www-authenticate'] === undefined) throw new Error('nothing asks for a token')
  const login = { authorization: order.authorization }
  const { token } = JSON.parse((await ask(agent, { url: order.tokenUrl, headers: login })).body.toString())
  const headers = { authorization: `Bearer ${token}`, accept: mediaType }
  const head = await ask(agent, { url: `${base}/manifests/${tag}`, method: 'HEAD', headers })
  const digest = String(head.headers['docker-content-digest'])
  const fetch = async (path: string, expected: string) => {
    const answer = await ask(agent, { url: `${base}/${path}/${expected}`, headers })
    if (answer.digest !== expected) throw new Error(`${path}/${expected} is something else`)
    return answer.body
  }
  const manifest = JSON.parse((await fetch('manifests', digest)).toString())
  await fetch('blobs', manifest.config.digest)
  const layers: { readonly digest: string }[] = [...manifest.layers]
  const work = async () => {
    for (let layer = layers.shift(); layer !== undefined; layer = layers.shift()) {
      await fetch('blobs', layer.digest)
    }
  }
  await Promise.all(Array.from({ length: LAYERS_AT_A_TIME }, work))
}

interface Question {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** 200 unless told. */
  readonly status?: number
}

function ask(agent: Agent, { url, method = 'GET', headers = {}, status = 200 }: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const isTls = url.startsWith('https:')
  const options = { method, headers, ...(isTls ? { agent } : {}) }
  const send = isTls ? requestTls : requestPlain
  const req = send(url, options, res => {
    const hash = createHash('sha256')
    const pieces: Buffer[] = []
    res.on('data', (piece: Buffer) => {
      hash.update(piece)
      pieces.push(piece)
    })
    res.once('error', reject)
    res.once('end', () => {
      if (res.statusCode !== status) reject(new Error(`${method} ${url}: ${res.statusCode}`))
      const digest = `sha256:${hash.digest('hex')}`
      resolve({ status, body: Buffer.concat(pieces), digest, headers: res.headers })
    })
  })
  req.once('error', reject).end()
  return promise
}
