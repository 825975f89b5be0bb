import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSinks } from '../../../src/audit/sinks/open-sinks.ts'
import type { HttpSettings } from '../../../src/audit/sinks/sink-settings.ts'
import { Secret } from '../../../src/model/secret.ts'
import { startHttp } from '../../support/plain-http.ts'
import { waitFor } from '../../support/wait-for.ts'
import { commonSettings } from './receiver.ts'
import { createTestLog } from './test-log.ts'

const TOKEN = 'key-of-the-receiver'
type Answer = (lines: readonly number[], response: ServerResponse) => boolean

async function world(t: Test, answer: Answer, changes: Partial<HttpSettings> = {}) {
  const taken: number[] = []
  const requests: (readonly number[])[] = []
  const { host, port } = await startHttp(t, (request, response) => void handle(request, response))
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const lines = body
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).seq)
    requests.push(lines)
    if (answer(lines, response)) taken.push(...lines)
    if (!response.writableEnded) response.end()
  }
  const log = createTestLog(t)
  log.append(8)
  const said: { readonly message: string; readonly fields: unknown }[] = []
  const say = (message: string, fields?: unknown) => void said.push({ message, fields })
  const settings = {
    ...commonSettings('http'),
    type: 'http',
    url: `http://${host}:${port}/in`,
    headers: { Authorization: new Secret(`Bearer ${TOKEN}`) },
    gzip: false,
    on_refused: 'retry',
    refused_tries: 2,
    ...changes,
  } as HttpSettings
  const sinks = await openSinks({
    sinks: [settings],
    file: log.file,
    directory: join(log.dir, 'sinks'),
    log: { debug: say, info: say, warn: say, error: say },
    clock: Date.now,
  })
  t.teardown(() => sinks.stop())
  return { taken, requests, said, sinks }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

t.test(
  'with on_refused: skip one bad line of a batch is given up, in the log, and all others arrive',
  async t => {
    const answer: Answer = (lines, response) => {
      response.statusCode = lines.includes(5) ? 422 : 200
      return response.statusCode === 200
    }
    const { taken, said, sinks } = await world(t, answer, { on_refused: 'skip' })
    await waitFor('the last line', () => taken.includes(8))
    t.strictSame(taken, [1, 2, 3, 4, 6, 7, 8])
    const given = said.filter(({ message }) => /passes over a line/.test(message))
    t.equal(given.length, 1)
    t.match(given[0]?.fields, { sink: 'http', error: /status 422/, line: /"seq":5,/ })
    t.match(sinks.reports(), [{ skipped: 1, sent: 7 }])
  },
)

t.test('with on_refused: retry nothing is given up, and it is said what the receiver says', async t => {
  let refused = 0
  const answer: Answer = (_, response) => {
    if (refused >= 3) return true
    refused += 1
    response.writeHead(400).end(`no good, says ${TOKEN}`)
    return false
  }
  const { taken, said } = await world(t, answer)
  await waitFor('all lines', () => taken.includes(8))
  t.strictSame(taken, upTo(8))
  t.match(said[0], {
    message: 'an audit sink is refused its lines; they are sent again',
    fields: { sink: 'http', error: 'it answered with status 400: no good, says ***' },
  })
})

t.test('wrong credentials are no reason to give a line up', async t => {
  let refused = 0
  const answer: Answer = (_, response) => {
    refused += 1
    response.statusCode = refused > 4 ? 200 : 401
    return refused > 4
  }
  const { taken } = await world(t, answer, { on_refused: 'skip' })
  await waitFor('all lines', () => taken.includes(8))
  t.strictSame(taken, upTo(8))
})

t.test('a batch that is too large is sent in halves', async t => {
  const answer: Answer = (lines, response) => {
    response.statusCode = lines.length > 2 ? 413 : 200
    return lines.length <= 2
  }
  const { taken, requests } = await world(t, answer)
  await waitFor('all lines', () => taken.includes(8))
  t.strictSame(taken, upTo(8))
  t.strictSame(
    requests.map(({ length }) => length),
    [8, 4, 2, 2, 4, 2, 2],
  )
})

t.test('a redirect is not followed', async t => {
  const paths: string[] = []
  const { host, port } = await startHttp(t, (request, response) => {
    paths.push(`${request.url}`)
    response.end()
  })
  const answer: Answer = (_, response) => {
    response.writeHead(307, { location: `http://${host}:${port}/other` })
    return false
  }
  const { taken, requests, said } = await world(t, answer)
  await waitFor('a second try', () => requests.length > 1)
  t.strictSame([taken, paths], [[], []])
  t.match(said[0]?.fields, { reason: 'redirect', error: /redirects are not followed/ })
})

t.test('lines that an OTLP receiver rejects are not sent again, and that is said', async t => {
  const { host, port } = await startHttp(t, (request, response) => {
    request.resume()
    request.on('end', () => {
      response.end('{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}')
    })
  })
  const url = `http://${host}:${port}/v1/logs`
  const { said, sinks } = await world(t, () => true, { type: 'otlp', url } as Partial<HttpSettings>)
  const found = await waitFor('what is said', () => said.find(({ message }) => /only in part/.test(message)))
  t.match(found.fields, { sink: 'http', error: 'it rejected 2 of the lines: too old' })
  await sinks.drain()
  t.match(sinks.reports(), [{ errors: { rejected: 1 } }])
})
