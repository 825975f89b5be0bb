import bcrypt from 'bcryptjs'
import t from 'tap'
import type { TestAnswer } from '../support/landwaiter.ts'
import { chunk, connectRaw, type RawClient, requestHead } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { basicHeader, multipart, realmAnswer, startRealm, urlencoded } from './token-realm.ts'

const FORM = 'username=admin&password=admin-password'
const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded'

const realm = await startRealm(t)

/** The head of a POST of a form to the realm. */
function postHead(...headers: readonly string[]): string {
  return requestHead('POST /auth', `Host: ${realm.host}`, FORM_TYPE, ...headers)
}

/** Resolves when `text` has come back. */
function receives(client: RawClient, text: string): Promise<string> {
  return waitFor(`an answer with ${text}`, () => {
    const received = client.received().toString()
    return received.includes(text) && received
  })
}

t.test('five hundred scopes are granted, a thousand refused', async t => {
  const names = Array.from({ length: 1000 }, (_, index) => `team/service-${index}`)
  const scopes = names.map(name => `repository:${name}:pull,push`)
  const headers = basicHeader('admin:admin-password')
  const many = scopes.slice(0, 500)
  const expected = names.slice(0, 500).map(name => ({ type: 'repository', name, actions: ['pull', 'push'] }))
  for (const [why, answer] of [
    [
      'repeated in a query',
      await realm.request(`/auth?${many.map(s => `scope=${s}`).join('&')}`, { headers }),
    ],
    ['joined in a query', await realm.request(`/auth?scope=${many.join('+')}`, { headers })],
    ['joined in a form', await realm.request('/auth', urlencoded(`${FORM}&scope=${many.join('+')}`))],
  ] as const) {
    t.strictSame(realmAnswer(answer).access, expected, why)
  }
  const tooMany = realmAnswer(await realm.request(`/auth?scope=${scopes.join('+')}`, { headers }))
  t.match(tooMany, { status: 400, message: /^Bad request: .*at most/ })
})

t.test('a form of more than 64 KiB is refused, whether its length is announced or not', async t => {
  const body = `${FORM}&x=${'x'.repeat(70_000)}`
  t.strictSame(realmAnswer(await realm.request('/auth', urlencoded(body))), {
    status: 413,
    message: 'the form is larger than 64 KiB',
  })
  const big = multipart([['username', 'x'.repeat(70_000)]])
  t.equal((await realm.request('/auth', big)).status, 413)
  const client = await connectRaw(t, realm)
  client.socket.write(postHead('Transfer-Encoding: chunked'))
  client.socket.write(chunk(body))
  t.match(await receives(client, 'larger than'), /^HTTP\/1.1 413 .*connection: close/is, 'before its end')
  client.socket.end(chunk(''))
  await client.closed
  const padded = `${FORM}&x=`
  const most = realmAnswer(
    await realm.request('/auth', urlencoded(padded + 'x'.repeat(64 * 1024 - padded.length))),
  )
  t.match(most, { status: 200, sub: 'admin' }, 'exactly 64 KiB is taken')
})

t.test('a form may come in chunks of any size', async t => {
  const client = await connectRaw(t, realm)
  client.socket.write(postHead('Transfer-Encoding: chunked'))
  for (const letter of FORM) client.socket.write(chunk(letter))
  client.socket.write(chunk(''))
  t.match(await receives(client, 'access_token'), /^HTTP\/1.1 200 /)
})

t.test('a client that waits for 100 Continue gets it', async t => {
  const client = await connectRaw(t, realm)
  client.socket.write(postHead(`Content-Length: ${FORM.length}`, 'Expect: 100-continue'))
  t.equal(await receives(client, '\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n', 'RFC 9110 §10.1.1')
  client.socket.write(FORM)
  t.match(await receives(client, 'access_token'), /HTTP\/1.1 200 /)
})

t.test('what is no form is refused', async t => {
  const type = 'multipart/form-data; boundary=XX'
  const cases = [
    { body: '--XX\r\nContent-Disposition: form-data; name="username"\r\n\r\nadm', type, why: 'no end' },
    { body: 'username=admin', type, why: 'no part at all' },
    { body: '--XX--\r\n', type: 'multipart/form-data', why: 'no boundary' },
  ]
  for (const { body, type, why } of cases) {
    const { errors, ...members } = JSON.parse((await realm.request('/auth', urlencoded(body, type))).text)
    t.equal(errors[0].message, 'Bad request: the multipart form is malformed', why)
    t.equal(members.error, 'invalid_request')
  }
  const get = await realm.request('/auth', { method: 'GET', body: FORM })
  t.match(realmAnswer(get), { status: 400, message: 'GET takes no body' })
})

t.test('a client that leaves in the middle of its form is recorded, and no fault of ours', async t => {
  const errors = realm.log.filter(({ level }) => level === 'error').length
  const client = await connectRaw(t, realm)
  client.socket.write(postHead(`Content-Length: ${FORM.length}`))
  client.socket.write(FORM.slice(0, -4))
  // The server has seen the head when it answers another request of the same moment.
  await realm.request('/auth')
  client.socket.destroy()
  const line = await waitFor('the line', () => realm.audit().find(({ outcome }) => outcome === 'aborted'))
  t.match(line, { action: 'token', kind: 'token', reason: 'Bad request: the form is incomplete' })
  t.equal(realm.log.filter(({ level }) => level === 'error').length, errors)
})

t.test('when too many passwords wait, a login is put off and the rest goes on', async t => {
  const users = { slow: { password: bcrypt.hashSync('right', 10) }, nopw: {} }
  const plain = {
    tls: { mode: 'off' },
    listen: { https: 'off', http: '127.0.0.1:0', admin: '127.0.0.1:0' },
    limits: { shutdown_timeout: '1s' },
  }
  const busy = await startRealm(t, { ...plain, users })
  const answers: TestAnswer[] = []
  // 128 wait, up to 4 are checked, and the rest is too much.
  const logins = Array.from({ length: 200 }, async (_, index) =>
    answers.push(await busy.request('/auth', { headers: basicHeader(`slow:wrong-${index}`) })),
  )
  const ended = Promise.allSettled(logins)
  const isRefused = ({ status }: TestAnswer) => status === 503
  const answer = await waitFor('a refusal', () => answers.find(isRefused))
  t.equal(answer.headers['retry-after'], '5')
  t.equal(answer.headers['www-authenticate'], undefined, 'the credentials may be right')
  t.strictSame(JSON.parse(answer.text), {
    errors: [{ code: 'UNAVAILABLE', message: 'Too many logins at once' }],
  })
  t.match(realmAnswer(await busy.request('/auth', { headers: basicHeader('nopw:') })), {
    status: 200,
    sub: 'nopw',
  })
  const line = busy.audit().find(({ status }) => status === 503)
  t.match(line, {
    action: 'login',
    outcome: 'limited',
    actor: { name: 'slow' },
    reason: 'Too many logins at once',
  })
  await busy.app.stop()
  await ended
  t.ok(answers.length < 200 && !answers.some(({ status }) => status === 200), 'no wrong password was let in')
})
