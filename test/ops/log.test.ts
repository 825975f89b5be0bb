import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import type { Log } from '../../src/model/ports.ts'
import { Secret } from '../../src/model/secret.ts'
import { createLog, type LogOptions } from '../../src/ops/log.ts'

const TIME = '2026-11-24T18:00:00.123Z'

function capture(options: Partial<LogOptions>, use: (log: Log) => void): string[] {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  use(
    createLog({
      level: 'info',
      format: 'json',
      tty: false,
      clock: () => Date.parse(TIME),
      write,
      ...options,
    }),
  )
  return lines
}

const fieldOf = (value: unknown, options: Partial<LogOptions> = {}) =>
  JSON.parse(capture(options, log => log.error('m', { value }))[0] ?? '')['value']

t.test('writes one JSON line per call with the fixed keys first', async t => {
  const lines = capture({}, log => {
    log.info('started', { port: 8443, tls: true, none: null, gone: undefined })
    log.warn('plain')
    log.error('clash', { message: 'field', level: 1, time: 'x' })
    log.debug('dropped')
  })
  t.strictSame(lines, [
    `{"time":"${TIME}","level":"info","message":"started","port":8443,"tls":true,"none":null}\n`,
    `{"time":"${TIME}","level":"warn","message":"plain"}\n`,
    `{"time":"${TIME}","level":"error","message":"clash","message_":"field","level_":1,"time_":"x"}\n`,
  ])
})

t.test('drops calls below the level', async t => {
  for (const { level, kept } of [
    { level: 'debug', kept: 4 },
    { level: 'info', kept: 3 },
    { level: 'warn', kept: 2 },
    { level: 'error', kept: 1 },
  ] as const) {
    const lines = capture({ level }, log => {
      log.debug('m')
      log.info('m')
      log.warn('m')
      log.error('m')
    })
    t.equal(lines.length, kept, level)
  }
})

t.test('writes readable text, coloured on a terminal only', async t => {
  const use = (log: Log) =>
    log.info('listening now', {
      address: '127.0.0.1:8443',
      names: ['a b'],
      note: 'two words',
      empty: '',
      'odd key': 1,
    })
  const plain = `${TIME} INFO  listening now address=127.0.0.1:8443 names=["a b"] note="two words" empty="" "odd key"=1\n`
  t.strictSame(capture({ format: 'text' }, use), [plain])
  const [coloured] = capture({ format: 'auto', tty: true }, use)
  t.ok(coloured?.startsWith('\u001b[2m'))
  t.ok(coloured?.includes('\u001b[32mINFO'))
  t.equal(stripVTControlCharacters(coloured ?? ''), plain)
  t.match(capture({ format: 'auto' }, use)[0], /^\{/, 'auto is JSON when there is no terminal')
  t.match(capture({ format: 'json', tty: true }, use)[0], /^\{/)
})

t.test('escapes every character that could forge or hide a line', async t => {
  const hostile = 'a\nb\r\u001b[31m\u0085\u009b\u202e\u2066\u2028\u2029\u200b\ufeff\u{e0041}\u0000é😀'
  const shown =
    'a\\u000ab\\u000d\\u001b[31m\\u0085\\u009b\\u202e\\u2066\\u2028\\u2029\\u200b\\ufeff\\udb40\\udc41\\u0000é😀'
  const [text] = capture({ format: 'text', tty: true }, log =>
    log.info(hostile, { [hostile]: hostile, list: [hostile] }),
  )
  t.ok(text?.includes(shown))
  const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
  t.notMatch(stripVTControlCharacters(text ?? '').slice(0, -1), unsafe)
  const [json] = capture({}, log => log.info(hostile, { [hostile]: hostile }))
  t.notMatch(json?.slice(0, -1), unsafe)
  t.strictSame(JSON.parse(json ?? ''), { time: TIME, level: 'info', message: hostile, [hostile]: hostile })
})

t.test('never shows a secret', async t => {
  const secret = new Secret('hunter2')
  const error = new Error('failed', { cause: Object.assign(new Error('inner'), { code: secret }) })
  for (const value of [secret, { a: { b: [secret] } }, error, new Map([['k', secret]]), new Set([secret])]) {
    for (const format of ['json', 'text'] as const) {
      const [line] = capture({ format, level: 'debug' }, log => log.error('m', { value }))
      t.notMatch(line, /hunter2/)
      t.match(line, /\*\*\*/)
    }
  }
})

t.test('renders values of every kind, and never throws', async t => {
  const circular: Record<string, unknown> = { name: 'loop' }
  circular['self'] = circular
  const throwing = {
    get value() {
      throw new Error('getter')
    },
  }
  for (const { value, shown } of [
    { value: 1n, shown: '1' },
    { value: Number.NaN, shown: 'NaN' },
    { value: new Date(TIME), shown: TIME },
    { value: new Date(Number.NaN), shown: null },
    { value: Buffer.from('secret bytes'), shown: '<12 bytes>' },
    { value: new URL('http://a.test/x'), shown: 'http://a.test/x' },
    { value: new Set(['a', undefined]), shown: ['a', null] },
    { value: throwing, shown: '[unreadable]' },
    { value: () => 1, shown: undefined },
    { value: Symbol('s'), shown: undefined },
  ]) {
    t.strictSame(fieldOf(value), shown)
  }
  t.match(fieldOf(circular), { name: 'loop', self: { name: 'loop', self: {} } })
  t.match(JSON.stringify(fieldOf(circular)), /…/)
})

t.test('bounds the size of every field', async t => {
  const long = fieldOf('x'.repeat(5_000))
  t.equal(long, `${'x'.repeat(2_048)}… (2952 more)`)
  t.ok(fieldOf(`${'x'.repeat(2_047)}😀`).startsWith(`${'x'.repeat(2_047)}\ufffd…`), 'no half character')
  for (const value of [
    Array.from({ length: 100_000 }, (_, index) => index),
    Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key${index}`, 'x'.repeat(3_000)])),
    Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => ['deep'])),
    { ['k'.repeat(10_000)]: 1 },
  ]) {
    t.ok(JSON.stringify(fieldOf(value)).length < 2_600)
  }
})

t.test('shows errors with their causes, and stacks only while debugging', async t => {
  const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const refused = new AggregateError([root])
  const error = new OciError('UNAVAILABLE', 'the registry cannot be asked', { cause: refused })
  t.strictSame(fieldOf(error), {
    name: 'OciError',
    message: 'the registry cannot be asked',
    code: 'OCI_ERROR',
    cause: {
      name: 'AggregateError',
      message: '',
      errors: [{ name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' }],
    },
  })
  t.match(fieldOf(error, { level: 'debug' }), { stack: /log\.test/, cause: { stack: /AggregateError/ } })
  const loop = new Error('loop')
  loop.cause = loop
  t.match(fieldOf(loop), { cause: { cause: { message: 'loop' } } })
  const [text] = capture({ format: 'text' }, log => log.error('m', { error: root }))
  t.match(text, 'error={"name":"Error","message":"connect ECONNREFUSED","code":"ECONNREFUSED"}')
})

t.test('survives an output that cannot be written and fields that cannot be read', async t => {
  const log = createLog({
    level: 'info',
    format: 'json',
    tty: false,
    clock: () => 0,
    write() {
      throw new Error('EPIPE')
    },
  })
  t.doesNotThrow(() => log.error('m'))
  const hostile = new Proxy({}, { ownKeys: () => [Symbol('s'), 'a', 'a'] })
  t.doesNotThrow(() => capture({}, log => log.error('m', hostile)))
})
