import t from 'tap'
import { parseMoment } from '../../src/cli/parse-moment.ts'

const NOW = Date.UTC(2026, 10, 24, 16, 6, 30)

const MOMENTS = [
  { text: '30s', start: '2026-11-24T16:06:00.000Z' },
  { text: '90m', start: '2026-11-24T14:36:30.000Z' },
  { text: '12h', start: '2026-11-24T04:06:30.000Z' },
  { text: '2d', start: '2026-11-22T16:06:30.000Z' },
  { text: '1w', start: '2026-11-17T16:06:30.000Z' },
  { text: 'today', start: '2026-11-24T00:00:00.000Z', end: '2026-11-25T00:00:00.000Z' },
  { text: 'yesterday', start: '2026-11-23T00:00:00.000Z', end: '2026-11-24T00:00:00.000Z' },
  { text: '2026-02-28', start: '2026-02-28T00:00:00.000Z', end: '2026-03-01T00:00:00.000Z' },
  { text: '2026-11-24 16:06', start: '2026-11-24T16:06:00.000Z' },
  { text: '2026-11-24T16:06:05', start: '2026-11-24T16:06:05.000Z' },
  { text: '2026-11-24T16:06:05.123Z', start: '2026-11-24T16:06:05.123Z' },
  { text: '2026-11-24t16:06:05z', start: '2026-11-24T16:06:05.000Z' },
  { text: '2026-11-24T16:06:05+02:00', start: '2026-11-24T14:06:05.000Z' },
]

for (const { text, start, end = start } of MOMENTS) {
  t.test(`${text} begins ${start}`, async t => {
    t.equal(parseMoment(text, { now: NOW, edge: 'start' }), Date.parse(start))
    t.equal(parseMoment(text, { now: NOW, edge: 'end' }), Date.parse(end))
  })
}

for (const text of [
  '',
  '2',
  'h',
  '2 h',
  '-1h',
  '2026-02-30',
  '2026-13-01',
  '2026-11-24T25:00',
  '2026-02-30 10:00',
  '1764000000',
  'monday',
]) {
  t.test(`${JSON.stringify(text)} is no moment`, async t => {
    t.equal(parseMoment(text, { now: NOW, edge: 'start' }), undefined)
  })
}
