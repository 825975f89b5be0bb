import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CertificateFileError } from '../../src/tls/certificate-file-error.ts'
import type { PairPaths } from '../../src/tls/certificate-files.ts'
import { makePair, openFiles, openssl, temporaryDirectory } from './support.ts'

const NAMES = 'DNS:registry.test,DNS:*.apps.test,IP:10.0.0.5,IP:2001:db8::1'

interface Faulty {
  readonly why: string
  readonly pair: PairPaths
  readonly domains?: readonly string[]
  readonly file: string
  readonly message: RegExp
}

t.test('finds the certificate of a server name and no other', async t => {
  const directory = temporaryDirectory(t)
  const first = makePair({ directory, file: 'first', names: NAMES })
  const second = makePair({ directory, file: 'second', names: 'DNS:exact.apps.test,DNS:registry.test' })
  const { source, log } = await openFiles(t, {
    pairs: [first, second],
    domains: ['registry.test', '2001:db8:0::1'],
  })
  const firstContext = source.contextFor(undefined)
  const secondContext = source.contextFor('exact.apps.test')
  t.ok(firstContext)
  t.ok(secondContext)
  t.not(firstContext, secondContext, 'an exact name wins over a wildcard')
  for (const { name, context, why } of [
    { name: 'registry.test', context: firstContext, why: 'the earlier pair wins' },
    { name: 'REGISTRY.test.', context: firstContext, why: 'upper case and the root dot do not matter' },
    { name: 'x.apps.test', context: firstContext, why: 'a wildcard stands for one label' },
    { name: 'x.y.apps.test', context: undefined, why: 'a wildcard stands for one label only' },
    { name: 'apps.test', context: undefined, why: 'a wildcard stands for one label at least' },
    { name: '*.apps.test', context: firstContext, why: 'no special case' },
    { name: 'other.test', context: undefined, why: 'unknown' },
    { name: '', context: undefined, why: 'empty' },
    { name: '.', context: undefined, why: 'root' },
    { name: 'first', context: undefined, why: 'the common name is no server name' },
    { name: '10.0.0.5', context: firstContext, why: 'an address of the certificate' },
    { name: '2001:DB8:0:0::1', context: firstContext, why: 'another spelling' },
    { name: '192.0.2.1', context: firstContext, why: 'an address names no server, so the default' },
  ]) {
    t.equal(source.contextFor(name), context, `${name}: ${why}`)
  }
  t.strictSame(
    source.certificates().map(({ names, issuer, source: from }) => ({ names, issuer, from })),
    [
      {
        names: ['registry.test', '*.apps.test', '10.0.0.5', '2001:db8::1'],
        issuer: 'CN=first',
        from: 'files',
      },
      { names: ['exact.apps.test', 'registry.test'], issuer: 'CN=second', from: 'files' },
    ],
  )
  const [line] = log.lines
  t.match(line, { level: 'info', message: 'certificate loaded', fields: { expires: /^\d{4}-.*Z$/ } })
})

t.test('accepts certificate and key in one file, and a chain', async t => {
  const directory = temporaryDirectory(t)
  const { certificate, key } = makePair({ directory, file: 'a', names: 'DNS:a.test', key: 'rsa:2048' })
  const issuer = makePair({ directory, file: 'issuer', names: 'DNS:issuer.test' })
  const both = join(directory, 'both.pem')
  writeFileSync(
    both,
    readFileSync(certificate, 'utf8') + readFileSync(issuer.certificate, 'utf8') + readFileSync(key, 'utf8'),
  )
  const { source } = await openFiles(t, { pairs: [{ certificate: both, key: both }] })
  t.strictSame(source.defaultPair()?.names, ['a.test'])
  t.equal(source.defaultPair()?.certificate.split('BEGIN CERTIFICATE').length, 3)
  t.notMatch(source.defaultPair()?.certificate, /PRIVATE KEY/)
})

t.test('has no default certificate when the key types differ', async t => {
  const directory = temporaryDirectory(t)
  const pairs = [
    makePair({ directory, file: 'rsa', names: 'DNS:a.test', key: 'rsa:2048' }),
    makePair({ directory, file: 'ec', names: 'DNS:b.test' }),
  ]
  const { source, log } = await openFiles(t, { pairs })
  t.equal(source.defaultPair(), undefined)
  t.equal(source.contextFor(undefined), undefined)
  t.equal(source.contextFor('10.0.0.5'), undefined)
  t.ok(source.contextFor('a.test'))
  t.ok(source.contextFor('b.test'))
  t.match(log.lines.at(-1), { level: 'warn', message: /no server name/ })
})

t.test('refuses to start with files that it cannot use, and names the file', async t => {
  const directory = temporaryDirectory(t)
  const good = makePair({ directory, file: 'good', names: 'DNS:a.test' })
  const other = makePair({ directory, file: 'other', names: 'DNS:a.test' })
  const nameless = makePair({ directory, file: 'nameless' })
  const weak = makePair({ directory, file: 'weak', names: 'DNS:a.test', key: 'rsa:1024' })
  const text = readFileSync(good.certificate, 'utf8')
  const write = (name: string, content: string) => {
    writeFileSync(join(directory, name), content)
    return join(directory, name)
  }
  const encrypted = join(directory, 'encrypted.key')
  openssl('pkcs8', '-topk8', '-in', good.key, '-passout', 'pass:x', '-out', encrypted)
  const body = text.split('\n').slice(1, 4).join('\n')
  const malformed = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
  const none = join(directory, 'none')
  const contents: Faulty[] = [
    { why: 'empty', text: '', message: /holds no PEM certificate/ },
    { why: 'DER', text: '\u0030\u0082\u0001', message: /holds no PEM certificate/ },
    { why: 'cut short', text: text.slice(0, -30), message: /ends in the middle of a certificate/ },
    {
      why: 'chain cut short',
      text: text + text.slice(0, 200),
      message: /ends in the middle of a certificate/,
    },
    { why: 'malformed', text: malformed, message: /holds a malformed certificate/ },
  ].map(({ why, text: content, message }) => {
    const file = write(why, content)
    return { why, pair: { ...good, certificate: file }, file, message }
  })
  const cases: Faulty[] = [
    ...contents,
    { why: 'no certificate', pair: { ...good, certificate: none }, file: none, message: /\(ENOENT\)/ },
    { why: 'no key', pair: { ...good, key: none }, file: none, message: /\(ENOENT\)/ },
    { why: 'directory', pair: { ...good, key: directory }, file: directory, message: /\(EISDIR\)/ },
    {
      why: 'key of another certificate',
      pair: { ...good, key: other.key },
      file: other.key,
      message: /is not the key of the certificate in .*good\.pem/,
    },
    {
      why: 'swapped paths',
      pair: { certificate: good.key, key: good.certificate },
      file: good.key,
      message: /holds no PEM certificate/,
    },
    {
      why: 'certificate as key',
      pair: { ...good, key: good.certificate },
      file: good.certificate,
      message: /no usable/,
    },
    { why: 'encrypted key', pair: { ...good, key: encrypted }, file: encrypted, message: /is encrypted/ },
    { why: 'no names', pair: nameless, file: nameless.certificate, message: /names no host/ },
    { why: 'weak key', pair: weak, file: weak.certificate, message: /cannot be served: .*key too small/ },
    {
      why: 'lacks a domain',
      pair: good,
      domains: ['a.test', 'b.test'],
      file: good.certificate,
      message: /does not cover b\.test; the certificate is for a\.test/,
    },
    {
      why: 'lacks an address, for which it would only be the default',
      pair: good,
      domains: ['10.0.0.5'],
      file: good.certificate,
      message: /does not cover 10\.0\.0\.5/,
    },
  ]
  for (const { why, pair, domains = [], file, message } of cases) {
    const error = await openFiles(t, { pairs: [pair], domains }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    t.type(error, CertificateFileError, why)
    t.match(error, { code: 'CERTIFICATE_FILE_INVALID', file, message }, why)
  }
})
