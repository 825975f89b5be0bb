import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { CertificateAuthority, ChallengeType } from '../../src/model/certificate-authority.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { type Answerer, failureOf, never, openAuthority, orderOf, startAnswerer } from './support.ts'

let pebble: Pebble
let answerer: Answerer
let authority: CertificateAuthority

t.before(async () => {
  pebble = await startPebble(t, { nonceReject: 30, blocklist: ['blocked.test'] })
  answerer = await startAnswerer(t, pebble)
  ;({ authority } = openAuthority(t, pebble, { answer: answerer.answer }))
})

const issuances: readonly {
  readonly why: string
  readonly challenge: ChallengeType
  readonly names: readonly string[]
}[] = [
  { why: 'one name by http-01', challenge: 'http-01', names: ['one.test'] },
  { why: 'two names by http-01', challenge: 'http-01', names: ['two.test', 'three.test'] },
  { why: 'an address by http-01', challenge: 'http-01', names: ['127.0.0.1'] },
  { why: 'one name by tls-alpn-01', challenge: 'tls-alpn-01', names: ['four.test'] },
  { why: 'two names by tls-alpn-01', challenge: 'tls-alpn-01', names: ['five.test', 'six.test'] },
  { why: 'an address and a name by tls-alpn-01', challenge: 'tls-alpn-01', names: ['127.0.0.1', 'x.test'] },
  { why: 'one name by dns-01', challenge: 'dns-01', names: ['seven.test'] },
  { why: 'a wildcard by dns-01', challenge: 'dns-01', names: ['*.eight.test'] },
  { why: 'a wildcard and its base by dns-01', challenge: 'dns-01', names: ['*.nine.test', 'nine.test'] },
]

for (const { why, challenge, names } of issuances) {
  t.test(`issues for ${why}`, async t => {
    const order = orderOf(names, { challenges: [challenge] })
    const issued = await authority.issue(order, never())
    const [leaf, intermediate] = issued.chain.match(/-+BEGIN[^-]+-+[^-]+-+END[^-]+-+\n/g) ?? []
    const certificate = new X509Certificate(leaf ?? '')
    const root = new X509Certificate(await pebble.issuingRoot())
    t.equal(issued.challenge, challenge)
    t.ok(certificate.verify(new X509Certificate(intermediate ?? '').publicKey))
    t.ok(new X509Certificate(intermediate ?? '').verify(root.publicKey))
    t.strictSame(
      (certificate.subjectAltName ?? '').split(', ').sort(),
      names.map(name => (name === '127.0.0.1' ? `IP Address:${name}` : `DNS:${name}`)).sort(),
    )
    t.equal(order.urls.length, 1)
    t.equal(answerer.published.size, 0, 'every answer is taken back')
  })
}

t.test('takes the first challenge of the order that the authority offers', async t => {
  const order = orderOf(['*.ten.test'], { challenges: ['http-01', 'dns-01'] })
  t.equal((await authority.issue(order, never())).challenge, 'dns-01')
})

t.test('says what the authority offers when none of it can be answered', async t => {
  const failed = await failureOf(authority.issue(orderOf(['*.eleven.test']), never()))
  t.equal(failed.failure, 'refused')
  // Newer versions of pebble offer more.
  t.match(
    failed.message,
    /^pebble offers .*dns-01.* for eleven\.test, but only http-01 can be answered here: set tls\.acme\.dns$/,
  )
})

t.test('a refused name is named', async t => {
  const failed = await failureOf(authority.issue(orderOf(['blocked.test']), never()))
  t.equal(failed.failure, 'refused')
  t.equal(failed.problem, 'rejectedIdentifier')
  t.match(failed.message, 'blocked.test')
})

t.test('names that cannot be verified fail with what the authority saw', async t => {
  const { authority } = openAuthority(t, pebble)
  const failed = await failureOf(authority.issue(orderOf(['lost.test']), never()))
  t.equal(failed.failure, 'validation')
  t.equal(failed.problem, 'unauthorized')
  t.match(failed.message, /^pebble could not verify lost\.test by http-01: .*404/)
})

t.test('one name that cannot be verified stops the others, whose answers are taken back', async t => {
  const { authority } = openAuthority(t, pebble, {
    answer: async (challenge, signal) => {
      if (challenge.name === 'bad.test') return async () => undefined
      return await answerer.answer(challenge, signal)
    },
  })
  const failed = await failureOf(authority.issue(orderOf(['good.test', 'bad.test']), never()))
  t.match(failed.message, 'bad.test')
  t.equal(answerer.published.size, 0)
})

t.test('what the answerer throws comes through', async t => {
  const full = new Error('no space left on device')
  const { authority } = openAuthority(t, pebble, { answer: () => Promise.reject(full) })
  t.equal(await failureOf(authority.issue(orderOf(['full.test']), never())), full)
})

t.test('an answer that cannot be taken back is logged, and the certificate comes', async t => {
  const { authority, log } = openAuthority(t, pebble, {
    answer: async (challenge, signal) => {
      await answerer.answer(challenge, signal)
      return () => Promise.reject(new Error('read-only file system'))
    },
  })
  t.ok(await authority.issue(orderOf(['stuck.test']), never()))
  const warned = log.lines.filter(line => line.level === 'warn')
  t.strictSame(
    warned.map(line => line.fields['error']),
    ['read-only file system'],
  )
})

t.test('an earlier proof is taken as one', async t => {
  const pebble = await startPebble(t, { authzReuse: 100 })
  const { answer } = await startAnswerer(t, pebble)
  const { authority } = openAuthority(t, pebble, { answer })
  t.equal((await authority.issue(orderOf(['again.test']), never())).challenge, 'http-01')
  t.equal((await authority.issue(orderOf(['again.test']), never())).challenge, undefined)
})

t.test('a key of another kind is a mistake of ours', async t => {
  const { generateKeyPairSync } = await import('node:crypto')
  const { Secret } = await import('../../src/model/secret.ts')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  await t.rejects(authority.issue(orderOf(['rsa.test'], { key }), never()), TypeError)
})
