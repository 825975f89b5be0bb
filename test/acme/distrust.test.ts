import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { failureOf, never, openAuthority, openBehindGate, orderOf } from './support.ts'

let pebble: Pebble

t.before(async () => {
  pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
})

t.test('an authority that is not there', async t => {
  const directory = `https://localhost:${await freePort()}/dir`
  const failed = await failureOf(
    openAuthority(t, { ...pebble, directory }).authority.issue(orderOf(['a.test']), never()),
  )
  t.equal(failed.failure, 'network')
  t.equal(failed.message, `${directory} cannot be used: connection refused`)
})

t.test('an authority whose certificate is not trusted', async t => {
  const other = await startPebble(t)
  for (const caRoots of [undefined, other.caRoot]) {
    const failed = await failureOf(
      openAuthority(t, pebble, { caRoots }).authority.issue(orderOf(['a.test']), never()),
    )
    t.equal(failed.failure, 'network')
    t.match(failed.message, 'its certificate is not trusted: set ca_root_file')
  }
})

t.test('an authority that speaks plain HTTP', async t => {
  const plain = createHttpServer((_request, response) => response.end())
  t.teardown(() => plain.close())
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const directory = `https://localhost:${(plain.address() as AddressInfo).port}/dir`
  const failed = await failureOf(
    openAuthority(t, { ...pebble, directory }).authority.issue(orderOf(['a.test']), never()),
  )
  t.equal(failed.message, `${directory} cannot be used: it does not speak TLS`)
})

t.test('a challenge of a kind that we do not know is passed over', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) => {
    if (step !== 'authorization') return undefined
    const authorization = JSON.parse(answer.body)
    const challenges = [{ type: 'mind-reading-01' }, null, ...authorization.challenges]
    return { ...answer, body: JSON.stringify({ ...authorization, challenges }) }
  })
  t.equal((await authority.issue(orderOf(['a.test']), never())).challenge, 'http-01')
})

t.test('what an authority writes is told as one line of bounded length', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) => {
    if (step !== 'authorization') return undefined
    const value = `evil\u001b[31m\nname ${'x'.repeat(100_000)}`
    return {
      ...answer,
      body: JSON.stringify({ ...JSON.parse(answer.body), identifier: { type: 'dns', value } }),
    }
  })
  const { message } = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.match(message, /asks about evil \[31m name x/)
  t.ok(message.length <= 4_000)
})

t.test('an authority that takes a connection and is silent', async t => {
  const silent = createServer(socket => socket.on('error', () => undefined))
  t.teardown(() => silent.close())
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const directory = `https://localhost:${(silent.address() as AddressInfo).port}/dir`
  const { authority } = openAuthority(t, { ...pebble, directory }, { timeoutMs: 200 })
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.equal(failed.failure, 'network')
  t.match(failed.message, 'it does not answer')
})

t.test('an authority that is silent after the connection', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { timeoutMs: 300 })
  const { promise, resolve } = Promise.withResolvers<undefined>()
  t.teardown(() => resolve(undefined))
  gate.intercept(() => promise)
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.equal(failed.failure, 'network')
  t.match(failed.message, 'it does not answer')
})

t.test('a directory that is none', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  for (const body of ['<html>', '{}', '[]', 'null']) {
    gate.intercept(() => ({ status: 200, body }))
    const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
    t.equal(failed.failure, 'server')
    t.match(failed.message, `directory of pebble at ${gate.directory} is not as ACME wants it`)
  }
})

t.test('an authority that never decides', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { patienceMs: 400 })
  gate.rewrite(({ step }, answer) =>
    step === 'order' || step === 'finalize'
      ? { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), status: 'processing' }) }
      : undefined,
  )
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.equal(failed.failure, 'server')
  t.match(failed.message, /^pebble did not decide about the order of a\.test within/)
})

t.test('an authority is asked no more often than it wants', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { patienceMs: 5000 })
  gate.rewrite(({ step }, answer) => {
    if (step !== 'finalize') return undefined
    const body = JSON.stringify({ ...JSON.parse(answer.body), status: 'processing' })
    return { ...answer, headers: { ...answer.headers, 'retry-after': '30' }, body }
  })
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.match(failed.message, 'did not decide')
  t.equal(gate.requests.at(-1)?.step, 'finalize', 'it would have to be asked too early')
})

t.test('a failed proof is told with the address that the authority used', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) => {
    if (step !== 'authorization' || gate.count('challenge') === 0) return undefined
    const authorization = JSON.parse(answer.body)
    const error = { type: 'urn:ietf:params:acme:error:connection', detail: 'Timeout' }
    const challenges = authorization.challenges.map((challenge: { type: string }) =>
      challenge.type === 'http-01'
        ? { ...challenge, status: 'invalid', error, validationRecord: [{ addressUsed: '2001:db8::1' }] }
        : challenge,
    )
    return { ...answer, body: JSON.stringify({ ...authorization, status: 'invalid', challenges }) }
  })
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.equal(failed.failure, 'validation')
  t.equal(failed.problem, 'connection')
  t.equal(failed.message, 'pebble could not verify a.test by http-01: Timeout (address used: 2001:db8::1)')
})

t.test('an authority that asks about a name that was not ordered', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) =>
    step === 'authorization' ? { ...answer, body: answer.body.replace('a.test', 'evil.test') } : undefined,
  )
  const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
  t.match(failed.message, 'evil.test, which we did not order')
})

t.test('a token that is no token is not published', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) =>
    step === 'authorization'
      ? { ...answer, body: answer.body.replace(/"token": ?"[^"]*"/g, '"token":"../../etc/passwd"') }
      : undefined,
  )
  t.equal((await failureOf(authority.issue(orderOf(['a.test']), never()))).failure, 'refused')
})

t.test('a certificate that cannot be served is not taken', async t => {
  const other = openAuthority(t, pebble)
  const { chain: foreign } = await other.authority.issue(orderOf(['b.test']), never())
  const HOUR = 3_600_000
  const cases: readonly {
    readonly change: (body: string) => string
    readonly ahead?: number
    readonly why: RegExp
  }[] = [
    { change: () => '', why: /is empty/ },
    { change: () => foreign, why: /is for another key/ },
    {
      change: body => body.replace(/(-+BEGIN CERTIFICATE-+\n)[^-]{9}/, '$1AAAAAAAAA'),
      why: /cannot be read/,
    },
    {
      change: body => `${body}${foreign.slice(0, foreign.indexOf('-----END') + 26)}`,
      why: /did not issue it/,
    },
    { change: body => body, ahead: 6 * 365 * 24 * HOUR, why: /ended at .* is our clock right/ },
    { change: body => body, ahead: -HOUR, why: /valid only from .* is our clock right/ },
  ]
  for (const { change, ahead = 0, why } of cases) {
    const { authority, gate } = await openBehindGate(t, pebble, { clock: () => Date.now() + ahead })
    gate.rewrite(({ step }, answer) =>
      step === 'certificate' ? { ...answer, body: change(answer.body) } : undefined,
    )
    const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
    t.equal(failed.failure, 'server')
    t.match(failed.message, why)
  }
})

t.test('the clock of the authority is known after its first answer', async t => {
  const { authority } = openAuthority(t, pebble, { clock: () => Date.now() - 3_600_000 })
  t.equal(authority.clockSkewMs(), undefined)
  await failureOf(authority.renewalWindow('', never()))
  t.ok(Math.abs((authority.clockSkewMs() ?? 0) - 3_600_000) < 10_000)
})
