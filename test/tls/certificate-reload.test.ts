import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { PairPaths } from '../../src/tls/certificate-files.ts'
import { makePair, openFiles, temporaryDirectory } from './support.ts'

const DAY_MS = 86_400_000

t.test('keeps the old pair when the new one is wrong, and says so once', async t => {
  const directory = temporaryDirectory(t)
  const next = makePair({ directory, file: 'next', names: 'DNS:a.test' })
  const elsewhere = makePair({ directory, file: 'elsewhere', names: 'DNS:b.test' })
  const text = readFileSync(next.certificate, 'utf8')
  const wrong: { why: string; certificate?: string; key?: string; message: RegExp; days?: number }[] = [
    { why: 'key of another certificate', key: readFileSync(next.key, 'utf8'), message: /is not the key/ },
    { why: 'certificate of another key', certificate: text, message: /is not the key/ },
    { why: 'truncated certificate', certificate: text.slice(0, -100), message: /ends in the middle/ },
    {
      why: 'truncated key',
      key: readFileSync(next.key, 'utf8').slice(0, 100),
      message: /no usable PEM private key/,
    },
    { why: 'empty file', certificate: '', message: /holds no PEM certificate/ },
    { why: 'removed file', message: /cannot be read \(ENOENT\)/ },
    {
      why: 'pair for another domain',
      certificate: readFileSync(elsewhere.certificate, 'utf8'),
      key: readFileSync(elsewhere.key, 'utf8'),
      message: /does not cover a\.test/,
    },
  ]
  for (const { why, certificate, key, message } of wrong) {
    const current = makePair({ directory, file: 'current', names: 'DNS:a.test' })
    const { source, log, outcomes } = await openFiles(t, { pairs: [current], domains: ['a.test'] })
    let changes = 0
    source.onChange(() => changes++)
    const context = source.contextFor('a.test')
    const saved = readFileSync(current.certificate, 'utf8')
    if (certificate === undefined && key === undefined) rmSync(current.certificate)
    if (certificate !== undefined) writeFileSync(current.certificate, certificate)
    if (key !== undefined) writeFileSync(current.key, key)
    await source.reload()
    await source.reload()
    t.equal(source.contextFor('a.test'), context, why)
    t.equal(source.defaultPair()?.certificate, saved, why)
    t.equal(changes, 0, why)
    t.strictSame(outcomes, ['rejected', 'rejected'], why)
    const errors = log.lines.filter(line => line.level === 'error')
    t.equal(errors.length, 1, `${why}: one line`)
    t.match(errors[0]?.fields['error'], { message }, why)

    copyFileSync(next.certificate, current.certificate)
    copyFileSync(next.key, current.key)
    await source.reload()
    t.equal(source.defaultPair()?.certificate, text, `${why}: a good pair is taken afterwards`)
    t.equal(changes, 1)
    t.strictSame(outcomes, ['rejected', 'rejected', 'loaded'])
  }
})

t.test('does nothing when the content is the same', async t => {
  const directory = temporaryDirectory(t)
  const pair = makePair({ directory, file: 'a', names: 'DNS:a.test' })
  const { source, log, outcomes } = await openFiles(t, { pairs: [pair] })
  source.onChange(() => t.fail('nothing changed'))
  writeFileSync(pair.certificate, readFileSync(pair.certificate))
  await source.reload()
  t.strictSame(outcomes, [])
  t.equal(log.lines.length, 1)
})

t.test('serves an expired certificate at start, but never takes one in exchange for a valid one', async t => {
  const directory = temporaryDirectory(t)
  const pair = makePair({ directory, file: 'a', names: 'DNS:a.test' })
  const now = Date.now()
  for (const { clock, level } of [
    { clock: () => now + 31 * DAY_MS, level: 'error' },
    { clock: () => now - DAY_MS, level: 'warn' },
    { clock: () => now, level: 'info' },
  ]) {
    const { source, log } = await openFiles(t, { pairs: [pair], clock })
    t.ok(source.contextFor('a.test'))
    t.strictSame(
      log.lines.map(line => line.level),
      [level],
    )
  }
  const short = makePair({ directory, file: 'short', names: 'DNS:a.test', days: 1 })
  const target = { certificate: join(directory, 'target.pem'), key: join(directory, 'target.key') }
  for (const { days, first, second, served, why } of [
    { days: 2, first: pair, second: short, served: pair, why: 'expired for valid' },
    { days: 31, first: pair, second: short, served: short, why: 'expired for expired' },
    { days: 2, first: short, second: pair, served: pair, why: 'valid for expired' },
  ]) {
    copyFileSync(first.certificate, target.certificate)
    copyFileSync(first.key, target.key)
    const { source, log } = await openFiles(t, { pairs: [target], clock: () => now + days * DAY_MS })
    copyFileSync(second.certificate, target.certificate)
    copyFileSync(second.key, target.key)
    await source.reload()
    t.equal(source.defaultPair()?.certificate, readFileSync(served.certificate, 'utf8'), why)
    const rejections = log.lines.filter(line => /expired on/.test(String(line.fields['error'])))
    t.equal(rejections.length, served === first ? 1 : 0, why)
  }
})

t.test('notices every way in which the files are replaced', async t => {
  const directory = temporaryDirectory(t)
  const pairs = ['one', 'two', 'three', 'four'].map(file =>
    makePair({ directory, file, names: 'DNS:a.test' }),
  )
  const [one, two, three, four] = pairs as [PairPaths, PairPaths, PairPaths, PairPaths]
  const live = { certificate: join(directory, 'live', 'tls.crt'), key: join(directory, 'live', 'tls.key') }
  const place = (pair: PairPaths, folder: string) => {
    mkdirSync(join(directory, folder), { recursive: true })
    copyFileSync(pair.certificate, join(directory, folder, 'tls.crt'))
    copyFileSync(pair.key, join(directory, folder, 'tls.key'))
  }
  place(one, 'volume-1')
  symlinkSync('volume-1', join(directory, 'live'))
  const { source } = await openFiles(t, { pairs: [live], pollMs: 20 })
  const keepAlive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(keepAlive))
  const changed = () => new Promise<void>(resolve => source.onChange(resolve))
  const served = () => source.defaultPair()?.certificate

  let next = changed()
  place(two, 'volume-1')
  await next
  t.equal(served(), readFileSync(two.certificate, 'utf8'), 'written in place')

  next = changed()
  place(three, 'new')
  renameSync(join(directory, 'new', 'tls.crt'), live.certificate)
  renameSync(join(directory, 'new', 'tls.key'), live.key)
  await next
  t.equal(served(), readFileSync(three.certificate, 'utf8'), 'renamed over')

  next = changed()
  place(four, 'volume-2')
  symlinkSync('volume-2', join(directory, 'live.new'))
  renameSync(join(directory, 'live.new'), join(directory, 'live'))
  await next
  t.equal(served(), readFileSync(four.certificate, 'utf8'), 'symbolic link of the directory swapped')
})
