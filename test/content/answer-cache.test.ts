import t from 'tap'
import { createAnswerCache } from '../../src/content/answer-cache.ts'
import { createGenerations } from '../../src/content/generations.ts'
import { type StoredAnswer, storedAnswer } from '../../src/content/stored-answer.ts'
import { digestOf, MANIFEST_TYPE, manifest } from '../e2e/parity-content.ts'

const TTL_MS = 1_000

function answerOf(size = manifest.length): StoredAnswer {
  const headers = {
    'content-type': `${MANIFEST_TYPE}; charset=utf-8`,
    'content-length': String(size),
    'docker-content-digest': digestOf(manifest),
    date: 'Wed, 25 Nov 2026 00:00:00 GMT',
  }
  const answer = storedAnswer({ status: 200, headers, bytesIn: 0 }, [])
  if (answer === undefined) throw new Error('it can be stored')
  return answer
}

function open(maxBytes = 1e6) {
  const clock = { ms: 0 }
  const generations = createGenerations()
  const cache = createAnswerCache({ maxBytes, ttlMs: TTL_MS, generations, now: () => clock.ms })
  return { clock, generations, cache }
}

const PLACE = { repository: 'a/b', key: 'k' }

t.test('an answer is believed for its time from when it was asked for', async t => {
  const { clock, cache } = open()
  const asked = cache.asking()
  // A slow client takes its time to read it.
  clock.ms = 600
  cache.keep(PLACE, { answer: answerOf(), body: manifest }, asked)
  clock.ms = TTL_MS - 1
  t.strictSame(cache.find(PLACE)?.body, manifest)
  clock.ms = TTL_MS
  t.equal(cache.find(PLACE), undefined)
  t.strictSame(cache.usage(), { entries: 0, bytes: 0 })
})

t.test('repositories and keys are kept apart', async t => {
  const { cache } = open()
  cache.keep(PLACE, { answer: answerOf() }, cache.asking())
  t.ok(cache.find(PLACE))
  for (const other of [
    { repository: 'a', key: 'b k' },
    { repository: 'a/b', key: 'K' },
    { repository: 'a/b/k', key: '' },
  ])
    t.equal(cache.find(other), undefined)
})

t.test('what was not used for longest makes room, and nothing exceeds the bound', async t => {
  const bound = 100_000
  const { cache } = open(bound)
  const keep = (key: string, size: number) => {
    const found = { answer: answerOf(size), body: Buffer.alloc(size) }
    cache.keep({ repository: 'a/b', key }, found, cache.asking())
  }
  for (let i = 0; i < 50; i++) {
    keep(`${i}`, 8_000)
    cache.find({ repository: 'a/b', key: '0' })
    t.ok(cache.usage().bytes <= bound)
  }
  t.ok(cache.find({ repository: 'a/b', key: '0' }))
  t.equal(cache.find({ repository: 'a/b', key: '1' }), undefined)
  keep('too large', bound)
  t.equal(cache.find({ repository: 'a/b', key: 'too large' }), undefined)
  t.ok(cache.find({ repository: 'a/b', key: '0' }), 'which does not drive the others out')
  cache.clear()
  t.strictSame(cache.usage(), { entries: 0, bytes: 0 })
})

t.test('the parameters of a media type and the date are not part of what is kept', async t => {
  const { mediaType, ok, notModified } = answerOf()
  t.equal(mediaType, MANIFEST_TYPE)
  t.equal(ok.headers['date'], undefined)
  t.strictSame(ok.facts, { digest: digestOf(manifest), mediaType: MANIFEST_TYPE, size: manifest.length })
  t.strictSame(notModified.facts, { digest: digestOf(manifest) })
})
