import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type HttpAuthzSettings, openHttpAuthz } from '../../src/authz/http-authz.ts'
import { Secret } from '../../src/model/secret.ts'
import { waitFor } from '../support/wait-for.ts'
import { makePair, temporaryDirectory } from '../tls/support.ts'
import { question } from './question.ts'

interface Received {
  readonly url: string | undefined
  readonly method: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

async function listen(t: Test, server: Server | TlsServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** An authorizer that asks a real server; `answer` may keep its client waiting. */
async function asking(t: Test, answer: RequestListener, settings: Partial<HttpAuthzSettings> = {}) {
  const received: Received[] = []
  const server = createServer(async (req, res) => {
    const { url, method, headers } = req
    received.push({ url, method, headers, body: JSON.parse(await text(req)) })
    answer(req, res)
  })
  const url = `http://127.0.0.1:${await listen(t, server)}/v1/data/registry/authz`
  const authorizer = await openHttpAuthz({ url, timeout_ms: 10_000, headers: {}, ...settings })
  t.teardown(() => authorizer.close())
  return { authorizer, received }
}

const reply =
  (body: string): RequestListener =>
  (_req, res) =>
    void res.end(body)

t.test('asks as Open Policy Agent is asked', async t => {
  const headers = { authorization: new Secret('Bearer s3cret'), 'x-from': new Secret('lw') }
  const { authorizer, received } = await asking(t, reply('{"result": true}'), { headers })
  await authorizer.authorize(question({ actions: ['pull', 'overwrite'], tag: 'v1', userAgent: 'docker/27' }))
  await authorizer.authorize(question({ subject: { name: '', via: 'anonymous', labels: {} } }))
  const common = { type: 'repository', name: 'team/app', service: 'registry.test', ip: '192.0.2.7' }
  t.strictSame(
    received.map(({ body }) => body),
    [
      {
        input: {
          account: 'alice',
          ...common,
          actions: ['pull', 'push'],
          operations: ['pull', 'overwrite'],
          labels: { team: ['a', 'b'] },
          tag: 'v1',
          user_agent: 'docker/27',
        },
      },
      { input: { account: '', ...common, actions: ['pull'], operations: ['pull'], labels: {} } },
    ],
  )
  t.match(received[0], {
    method: 'POST',
    url: '/v1/data/registry/authz',
    headers: { 'content-type': 'application/json', authorization: 'Bearer s3cret', 'x-from': 'lw' },
  })
})

t.test('takes the answers of Open Policy Agent and no others', async t => {
  const asked = ['pull', 'push', 'overwrite']
  const rows: readonly [body: string, verdict: object | string][] = [
    ['{"result": true}', { granted: asked }],
    ['{"result": true, "decision_id": "x"}\n', { granted: asked }],
    ['{"result": false}', { granted: [] }],
    ['{"result": {"allow": true}}', { granted: asked }],
    [
      '{"result": {"allow": false, "reason": "frozen until Monday"}}',
      { granted: [], reason: 'frozen until Monday' },
    ],
    ['{"result": {"allow": true, "actions": ["pull", "delete"]}}', { granted: ['pull'] }],
    ['{"result": {"allow": true, "actions": ["push"]}}', { granted: ['push', 'overwrite'] }],
    ['{"result": {"allow": true, "actions": ["overwrite"], "reason": ""}}', { granted: ['overwrite'] }],
    ['{"result": {"allow": true, "actions": []}}', { granted: [] }],
    ['{"result": {"allow": false, "actions": ["pull"]}}', { granted: [] }],
    ['{}', 'http_authz: its answer has no "result"'],
    ['{"result": null}', 'http_authz: "result" is neither a boolean nor an object'],
    ['{"result": "true"}', 'http_authz: "result" is neither a boolean nor an object'],
    ['{"result": [true]}', 'http_authz: "result" is neither a boolean nor an object'],
    ['{"result": {}}', 'http_authz: "result.allow" is no boolean'],
    ['{"result": {"allow": 1}}', 'http_authz: "result.allow" is no boolean'],
    ['{"result": {"allow": true, "actions": "pull"}}', 'http_authz: "result.actions" is no list of texts'],
    ['{"result": {"allow": true, "reason": 1}}', 'http_authz: "result.reason" is no text'],
    ['true', 'http_authz: its answer is no JSON object'],
    ['', 'http_authz: its answer is no JSON object'],
    ['<html>', 'http_authz: its answer is no JSON object'],
    [
      `{"result": true, "x": "${'x'.repeat(64 * 1024)}"}`,
      'http_authz: its answer is longer than 65536 bytes',
    ],
  ]
  for (const [body, verdict] of rows) {
    const { authorizer } = await asking(t, reply(body))
    const answer = authorizer.authorize(question({ actions: asked }))
    if (typeof verdict !== 'string') t.strictSame(await answer, verdict, body)
    else await t.rejects(answer, { name: 'AuthzUnavailable', cause: { message: verdict } }, body.slice(0, 80))
  }
})

t.test('cannot tell without an answer in time, with status 200, from where it asked', async t => {
  const statuses = [201, 204, 302, 400, 401, 404, 500, 503]
  const rows: readonly [answer: RequestListener, problem: RegExp][] = [
    ...statuses.map((status): [RequestListener, RegExp] => [
      (_req, res) =>
        void res.writeHead(status, { location: '/' }).end(status === 204 ? '' : '{"result": true}'),
      new RegExp(`^http_authz: it answered with status ${status}$`),
    ]),
    [req => void req.socket.destroy(), /^http_authz: /],
    [(_req, res) => void res.writeHead(200, { 'content-length': '99' }).write('{"result": true}'), /timeout/],
    [() => {}, /timeout/],
  ]
  for (const [answer, problem] of rows) {
    const timeout_ms = `${problem}`.includes('timeout') ? 500 : 10_000
    const { authorizer, received } = await asking(t, answer, { timeout_ms })
    await t.rejects(
      authorizer.authorize(question()),
      {
        name: 'AuthzUnavailable',
        message: 'Permissions cannot be checked just now',
        cause: { message: problem },
      },
      `${problem}`,
    )
    t.equal(received.length, 1, 'neither followed nor repeated')
  }
  const gone = createServer()
  const port = await listen(t, gone)
  gone.close()
  const authorizer = await openHttpAuthz({
    url: `http://127.0.0.1:${port}/`,
    timeout_ms: 10_000,
    headers: {},
  })
  t.teardown(() => authorizer.close())
  await t.rejects(authorizer.authorize(question()), { name: 'AuthzUnavailable' }, 'nobody listens')
})

t.test('asks a bounded number at a time, and all in the end', async t => {
  const waiting: (() => void)[] = []
  let most = 0
  const { authorizer } = await asking(t, (_req, res) => {
    waiting.push(() => res.end('{"result": true}'))
    most = Math.max(most, waiting.length)
  })
  const asked = Array.from({ length: 40 }, () => authorizer.authorize(question()))
  let answered = 0
  for (const one of asked) one.then(() => (answered += 1))
  await waitFor('all are answered', () => {
    for (const answer of waiting.splice(0)) answer()
    return answered === 40
  })
  t.ok(most <= 16, `${most} at once`)
})

t.test('ends what is under way when it closes', async t => {
  const { authorizer, received } = await asking(t, () => {})
  const asked = authorizer.authorize(question())
  const refused = t.rejects(asked, { name: 'AuthzUnavailable' })
  await waitFor('the question arrived', () => received.length === 1)
  await authorizer.close()
  await refused
  await t.rejects(authorizer.authorize(question()), { name: 'AuthzUnavailable' })
})

t.test('trusts the CA of its file and no other server', async t => {
  const directory = temporaryDirectory(t)
  const own = makePair({ directory, file: 'own', names: 'IP:127.0.0.1' })
  const other = makePair({ directory, file: 'other', names: 'IP:127.0.0.1' })
  const pair = { cert: readFileSync(own.certificate), key: readFileSync(own.key) }
  const server = createTlsServer(pair, (req, res) => {
    req.resume()
    res.end('{"result": true}')
  })
  const url = `https://127.0.0.1:${await listen(t, server)}/`
  const ask = async (ca_file?: string) => {
    const authorizer = await openHttpAuthz({ url, timeout_ms: 10_000, headers: {}, ca_file })
    t.teardown(() => authorizer.close())
    return await authorizer.authorize(question())
  }
  t.strictSame(await ask(own.certificate), { granted: ['pull'] })
  await t.rejects(ask(other.certificate), { name: 'AuthzUnavailable' })
  await t.rejects(ask(), { name: 'AuthzUnavailable' })
  const file = join(directory, 'gone.pem')
  await t.rejects(ask(file), { name: 'ExternalFileError', file, message: `${file}: cannot be read` })
})
