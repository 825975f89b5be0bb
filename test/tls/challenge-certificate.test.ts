import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import t from 'tap'
import { createChallengeAnswers } from '../../src/tls/answer-challenges.ts'
import { challengeCertificate } from '../../src/tls/challenge-certificate.ts'
import { openStore } from './store-support.ts'
import { type Cleanup, handshake, openssl, temporaryDirectory } from './support.ts'

const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA'
const KEY_AUTHORIZATION = `${TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`
const never = () => new AbortController().signal

const challengeFor = (name: string, type: 'http-01' | 'tls-alpn-01' = 'tls-alpn-01') => ({
  type,
  name,
  token: TOKEN,
  keyAuthorization: KEY_AUTHORIZATION,
})

async function answers(t: Cleanup) {
  const { store, ...rest } = await openStore(t)
  return { ...rest, answers: createChallengeAnswers({ challenges: store.challenges, clock: Date.now }) }
}

for (const { name, alternative } of [
  { name: 'registry.test', alternative: 'DNS:registry.test' },
  { name: '192.0.2.7', alternative: 'IP Address:192.0.2.7' },
  { name: '2001:db8::7', alternative: 'IP Address:2001:DB8:0:0:0:0:0:7' },
]) {
  t.test(`what an authority is shown for ${name} is as RFC 8737 wants it`, async t => {
    const { certificate } = await challengeCertificate(challengeFor(name), Date.now())
    const file = join(temporaryDirectory(t), 'shown.pem')
    writeFileSync(file, certificate)
    const text = openssl('x509', '-in', file, '-noout', '-text')
    t.match(
      text,
      new RegExp(`X509v3 Subject Alternative Name: *\n *${alternative}\n`),
      'this name and no other',
    )
    t.match(text, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical/)
    const parsed = openssl('asn1parse', '-in', file)
    const digest = createHash('sha256').update(KEY_AUTHORIZATION).digest('hex').toUpperCase()
    // The extension's value is an OCTET STRING of 32 bytes within the one that holds every extension.
    t.match(
      parsed,
      new RegExp(
        `OBJECT +:1\\.3\\.6\\.1\\.5\\.5\\.7\\.1\\.31\n.*BOOLEAN +:255\n.*\\[HEX DUMP\\]:0420${digest}\n`,
      ),
    )
    t.match(
      openssl('x509', '-in', file, '-noout', '-issuer', '-subject'),
      /issuer=(.*)\nsubject=\1\n/,
      'self-signed',
    )
  })
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`the certificate is shown over ${version}, by its server name alone`, async t => {
    const {
      answers: { answer, contextFor },
    } = await answers(t)
    const takeBack = await answer(challengeFor('registry.test'), never())
    const server = createServer({
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (name, done) => {
        const context = contextFor(name)
        done(context === undefined ? new Error('no such challenge') : null, context)
      },
    })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const ask = (servername: string) =>
      handshake(t, {
        port,
        servername,
        ALPNProtocols: ['acme-tls/1'],
        minVersion: version,
        maxVersion: version,
      })
    const shown = await ask('Registry.Test')
    t.ok('getPeerCertificate' in shown)
    if (!('getPeerCertificate' in shown)) return
    t.strictSame(shown.alpnProtocol, 'acme-tls/1')
    t.strictSame(shown.getProtocol(), version)
    t.strictSame(shown.getPeerCertificate().subjectaltname, 'DNS:registry.test')
    t.ok('code' in (await ask('other.test')))
    await takeBack()
    t.ok('code' in (await ask('registry.test')), 'no longer after it was taken back')
  })
}

t.test('an address is asked for by its reverse name', async t => {
  const {
    answers: { answer, contextFor },
  } = await answers(t)
  await answer(challengeFor('192.0.2.7'), never())
  t.ok(contextFor('7.2.0.192.in-addr.arpa'))
  t.strictSame(contextFor('192.0.2.7'), undefined)
})

t.test('a token of http-01 is answered by every process of the store until it is taken back', async t => {
  const { answers: first, directory } = await answers(t)
  const other = await openStore(t, { directory })
  const second = createChallengeAnswers({ challenges: other.store.challenges, clock: Date.now })
  t.strictSame(await second.answerTo(TOKEN), undefined)
  const takeBack = await first.answer(challengeFor('registry.test', 'http-01'), never())
  t.strictSame(await first.answerTo(TOKEN), KEY_AUTHORIZATION)
  t.strictSame(await second.answerTo(TOKEN), KEY_AUTHORIZATION)
  for (const token of [
    '',
    '.',
    '..',
    '../accounts/a',
    `${TOKEN}/..`,
    TOKEN.slice(1),
    '\0',
    'a'.repeat(9_000),
  ]) {
    t.strictSame(await second.answerTo(token), undefined, `nothing for ${JSON.stringify(token.slice(0, 50))}`)
  }
  await takeBack()
  t.strictSame(await second.answerTo(TOKEN), undefined)
})

t.test('challenges of tls-alpn-01 are answered by every process, each with the key of the first', async t => {
  const { answers: first, directory } = await answers(t)
  const other = await openStore(t, { directory })
  const second = createChallengeAnswers({ challenges: other.store.challenges, clock: Date.now })
  await first.answer(challengeFor('registry.test'), never())
  t.ok(second.contextFor('registry.test'))
  t.strictSame(second.contextFor('registry.test'), second.contextFor('registry.test'), 'made once')
})

t.test('a new challenge for a name replaces the one before, which is not taken back twice', async t => {
  const {
    answers: { answer, contextFor },
  } = await answers(t)
  const takeBack = await answer(challengeFor('registry.test'), never())
  const before = contextFor('registry.test')
  await answer({ ...challengeFor('registry.test'), token: 'another', keyAuthorization: 'another.x' }, never())
  const after = contextFor('registry.test')
  t.ok(after)
  t.not(after, before)
  await takeBack()
  t.strictSame(contextFor('registry.test'), after)
})

t.test('what cannot be answered is a failed validation that says so', async t => {
  const {
    answers: { answer },
  } = await answers(t)
  await t.rejects(answer({ ...challengeFor('a.test'), type: 'dns-01' }, never()), {
    message: 'dns-01 needs tls.acme.dns, which says how to set a TXT record',
  })
  await t.rejects(answer({ ...challengeFor('a.test', 'http-01'), token: '../key' }, never()), {
    message: /^the answer to the challenge of a\.test cannot be stored: /,
  })
})
