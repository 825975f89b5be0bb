import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { type BufferedExchange, createBufferedSender } from '../../src/upstream/send-buffered.ts'
import { startHttp } from '../support/plain-http.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'

const exchange = (verb: 'write' | 'delete'): BufferedExchange => ({
  req: {
    headers: {
      'content-type': INDEX,
      'content-length': '999',
      'transfer-encoding': 'chunked',
      authorization: 'Basic client',
      cookie: 'secret',
      expect: '100-continue',
      'user-agent': 'docker',
    },
  } as unknown as IncomingMessage,
  peer: {
    id: '01',
    startedMs: 0,
    method: 'PUT',
    path: '/v2/',
    host: 'registry.example:8443',
    clientIp: '192.0.2.1',
    peerIp: '192.0.2.1',
    scheme: 'https',
  },
  request: { kind: 'manifest', verb, name: 'a/b', reference: { kind: 'tag', tag: 'v1' } },
  identity: { subject: { name: 'me', via: 'static', labels: {} }, via: 'static' },
  access: [],
  isTokenExpired: false,
})

t.test('a manifest is sent with our own headers, and its answer names the public URL', async t => {
  const seen: {
    readonly line: string
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[] = []
  const address = await startHttp(t, async (req, res) => {
    seen.push({ line: `${req.method} ${req.url}`, headers: req.headers, body: await text(req) })
    if (req.headers.authorization === 'Bearer wrong') res.writeHead(401).end()
    else if (req.method === 'DELETE') res.writeHead(202).end()
    else
      res
        .writeHead(201, { location: `http://${req.headers.host}/v2/a/b/manifests/x`, connection: 'close' })
        .end('ok')
  })
  const codes: number[] = []
  const sender = (authorization: string | undefined, refusalIsOurs = true) => {
    const made = createBufferedSender({
      address,
      authorization: async () => authorization,
      refusalIsOurs,
      observe: code => codes.push(code),
    })
    t.teardown(() => made.close())
    return made
  }
  const answer = await sender('Bearer ours').send(exchange('write'), Buffer.from('body'))
  t.equal(answer.status, 201)
  t.equal(Buffer.from(answer.body).toString(), 'ok')
  t.equal(answer.headers['location'], 'https://registry.example:8443/v2/a/b/manifests/x')
  t.equal(answer.headers['connection'], undefined)
  t.match(seen[0], {
    line: 'PUT /v2/a/b/manifests/v1',
    body: 'body',
    headers: {
      host: 'registry.example:8443',
      authorization: 'Bearer ours',
      'content-length': '4',
      'content-type': INDEX,
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.1',
      'user-agent': 'docker',
    },
  })
  for (const name of ['cookie', 'expect', 'transfer-encoding'])
    t.equal(seen[0]?.headers[name], undefined, name)
  t.equal((await sender(undefined).send(exchange('delete'))).status, 202)
  t.match(seen[1], { line: 'DELETE /v2/a/b/manifests/v1', body: '' })
  t.equal(seen[1]?.headers.authorization, undefined)
  await t.rejects(sender('Bearer wrong').send(exchange('write'), Buffer.from('x')), {
    phase: 'refused',
    message: /refuses the token of landwaiter/,
  })
  t.equal((await sender('Bearer wrong', false).send(exchange('write'), Buffer.from('x'))).status, 401)
  t.strictSame(codes, [201, 202, 401, 401])
})

t.test('without a whole answer nothing is known, and nothing is sent again', async t => {
  const methods: string[] = []
  const address = await startHttp(t, async (req, res) => {
    methods.push(req.method ?? '')
    await text(req)
    if (req.method === 'DELETE') {
      res.destroy()
      return
    }
    res.writeHead(201, { 'content-length': '10' })
    res.write('half', () => res.destroy())
  })
  const codes: number[] = []
  const sender = createBufferedSender({
    address,
    authorization: async () => undefined,
    refusalIsOurs: true,
    observe: code => codes.push(code),
  })
  t.teardown(() => sender.close())
  await t.rejects(sender.send(exchange('delete')), { phase: 'headers', message: /did not answer/ })
  await t.rejects(sender.send(exchange('write'), Buffer.from('x')), {
    phase: 'headers',
    message: /did not answer/,
  })
  const nobody = createBufferedSender({
    address: { kind: 'unix', path: '/nonexistent/registry.sock' },
    authorization: async () => undefined,
    refusalIsOurs: true,
    observe: code => codes.push(code),
  })
  t.teardown(() => nobody.close())
  await t.rejects(nobody.send(exchange('delete')), { phase: 'connect', message: /cannot be reached/ })
  t.strictSame(methods, ['DELETE', 'PUT'])
  t.strictSame(codes, [0, 0, 0])
})
