import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Challenge } from '../../src/model/certificate-authority.ts'
import { newCertificate, openStore } from './store-support.ts'

const HTTP: Challenge = {
  type: 'http-01',
  name: 'registry.test',
  token: 'LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0',
  keyAuthorization: 'LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI',
}
const ALPN: Challenge = { ...HTTP, type: 'tls-alpn-01' }

t.test('a challenge is found by token or by name, in every process of the directory', async t => {
  const { store, directory } = await openStore(t)
  const other = await openStore(t, { directory })
  await store.challenges.put(HTTP)
  await store.challenges.put(ALPN)
  for (const { challenges } of [store, other.store]) {
    t.match(await challenges.get('http-01', HTTP.token), HTTP)
    t.match(challenges.getSync('http-01', HTTP.token), HTTP)
    t.match(await challenges.get('tls-alpn-01', 'Registry.Test.'), ALPN)
    t.match(challenges.getSync('tls-alpn-01', 'registry.test'), ALPN)
    t.equal(await challenges.get('http-01', 'registry.test'), undefined)
    t.equal(await challenges.get('dns-01', HTTP.token), undefined)
  }
  const file = join(directory, 'challenges', 'http-01', `${HTTP.token}.json`)
  t.equal(statSync(file).mode & 0o777, 0o600)
  await other.store.challenges.remove(HTTP)
  t.equal(await store.challenges.get('http-01', HTTP.token), undefined)
  t.match(store.challenges.getSync('tls-alpn-01', 'registry.test'), ALPN)
  await store.challenges.remove(HTTP)
})

t.test('a challenge of a later attempt stays when the earlier one is taken away', async t => {
  const { store } = await openStore(t)
  const later = { ...ALPN, token: 'later', keyAuthorization: 'later.x' }
  await store.challenges.put(ALPN)
  await store.challenges.put(later)
  await store.challenges.remove(ALPN)
  t.match(await store.challenges.get('tls-alpn-01', 'registry.test'), later)
})

t.test('keys that clients choose never leave the folder', async t => {
  const { store, log, directory } = await openStore(t)
  await store.accounts.write('secret', { key: newCertificate(t).key })
  const { challenges } = store
  const keys = [
    '',
    '.',
    '..',
    '../../accounts/secret',
    '/etc/passwd',
    'a/b',
    'a\0b',
    'a.b',
    'x'.repeat(257),
    'é',
  ]
  for (const key of keys) {
    t.equal(await challenges.get('http-01', key), undefined, JSON.stringify(key))
    t.equal(challenges.getSync('tls-alpn-01', key), undefined, JSON.stringify(key))
    await t.rejects(challenges.put({ ...HTTP, token: key }), RangeError, JSON.stringify(key))
  }
  await t.rejects(challenges.put({ ...ALPN, name: 'x'.repeat(254) }), RangeError)
  for (const token of ['x'.repeat(256), `${'x'.repeat(255)}y`]) {
    await challenges.put({ ...HTTP, token })
    t.equal((await challenges.get('http-01', token))?.token, token, 'long tokens with one beginning differ')
  }
  t.strictSame(log.lines, [])
  t.equal(readdirSync(join(directory, 'challenges', 'http-01')).length, 2)
})

t.test('a damaged challenge counts as none', async t => {
  const { store, log, directory } = await openStore(t)
  await store.challenges.put(HTTP)
  const file = join(directory, 'challenges', 'http-01', `${HTTP.token}.json`)
  for (const text of ['', '{"type":"http-01"', '{}', '[]', '{"type":"http-01","token":1}']) {
    writeFileSync(file, text)
    t.equal(await store.challenges.get('http-01', HTTP.token), undefined, text)
    t.equal(store.challenges.getSync('http-01', HTTP.token), undefined, text)
  }
  t.equal(log.lines.length, 10)
  await store.challenges.remove(HTTP)
  t.notOk(existsSync(file))
})

t.test('a challenge is forgotten after an hour, and its file at the next start', async t => {
  let now = Date.now()
  const clock = () => now
  const { store, directory } = await openStore(t, { clock })
  await store.challenges.put(HTTP)
  await store.challenges.put(ALPN)
  const [old, recent] = [`${HTTP.token}.json`, 'registry.test.json']
  now += 3_590_000
  t.match(await store.challenges.get('http-01', HTTP.token), HTTP)
  now += 20_000
  t.equal(await store.challenges.get('http-01', HTTP.token), undefined)
  t.equal(store.challenges.getSync('http-01', HTTP.token), undefined)
  const files = (type: string) => readdirSync(join(directory, 'challenges', type))
  t.strictSame(files('http-01'), [old])
  utimesSync(join(directory, 'challenges', 'tls-alpn-01', recent), new Date(now), new Date(now))
  await openStore(t, { directory, clock })
  t.strictSame([files('http-01'), files('tls-alpn-01')], [[], [recent]])
})

t.test('a stranger who asks for what is not there does not fill the log', async t => {
  const { store, log } = await openStore(t)
  for (let index = 0; index < 100; index += 1) {
    t.equal(store.challenges.getSync('tls-alpn-01', `host-${index}.test`), undefined)
    t.equal(await store.challenges.get('http-01', `token-${index}`), undefined)
  }
  t.strictSame(log.lines, [])
})
