import t from 'tap'
import { request } from 'undici'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { waitFor } from '../support/wait-for.ts'

/** A log that takes no line, after the grace from the beginning. */
const lw = await startLandwaiter(t, {
  config: {
    tls: { mode: 'off' },
    registry: { upstream: 'http://127.0.0.1:9' },
    audit: { file: '/dev/full', grace: '0s' },
  },
})
await waitFor('the outage', () => lw.log.some(({ message }) => message === 'the audit log cannot be written'))

async function ask(method: 'GET' | 'POST', path: string) {
  const answer = await request(lw.url + path, { method, headers: { authorization: basic('admin') } })
  return {
    status: `${answer.statusCode} ${answer.statusText}`,
    retryAfter: answer.headers['retry-after'],
    error: (JSON.parse(await answer.body.text()) as { errors: readonly unknown[] }).errors[0],
  }
}

const ROWS = [
  ['POST', '/v2/a/b/blobs/uploads/', 'so pushes and deletes are refused until it can'],
  ['GET', '/v2/a/b/manifests/1', 'so all requests are refused until it can'],
  ['GET', '/v2/', 'so all requests are refused until it can'],
  ['GET', '/auth?scope=repository:a/b:pull', 'so no tokens are given out until it can'],
] as const

t.test('the status line says why, since many clients show nothing else', async t => {
  for (const [method, path, end] of ROWS) {
    const { status, retryAfter, error } = await ask(method, path)
    t.match(status, /^503 Service Unavailable: the audit log cannot be written.+ENOSPC/, path)
    t.ok(status.endsWith(end), status)
    t.match(error, { code: 'UNAVAILABLE', message: status.slice('503 Service Unavailable: '.length) }, path)
    t.equal(retryAfter, '5', path)
  }
})

t.test('the outage is logged once, not with each request', async t => {
  for (const [method, path] of ROWS) await ask(method, path)
  t.strictSame(
    lw.log.filter(({ level }) => level === 'error').map(({ message }) => message),
    ['the audit log cannot be written'],
  )
})
