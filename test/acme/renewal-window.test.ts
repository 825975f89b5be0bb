import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { certificateId } from '../../src/acme/certificate-id.ts'
import type { CertificateAuthority } from '../../src/model/certificate-authority.ts'
import { type AcmeGate, type GateAnswer, startGate } from '../support/acme-gate.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { makePair, openssl, temporaryDirectory } from '../tls/support.ts'
import { failureOf, never, openAuthority, orderOf } from './support.ts'

/** RFC 9773, appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`

let pebble: Pebble
let gate: AcmeGate
let authority: CertificateAuthority
let chain: string

t.before(async () => {
  pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  gate = await startGate(t, pebble)
  ;({ authority } = openAuthority(t, { ...pebble, directory: gate.directory }))
  ;({ chain } = await authority.issue(orderOf(['a.test']), never()))
})

t.test('a certificate is called as in the example of the RFC', async t => {
  t.equal(await certificateId(EXAMPLE), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
})

t.test('a certificate that does not name its issuer has no name and no window', async t => {
  const name = ['-subj', '/CN=self.test', '-addext', 'authorityKeyIdentifier=none']
  const pem = openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', '/dev/null', ...name)
  t.equal(await certificateId(pem), undefined)
  t.equal(await authority.renewalWindow(pem, never()), undefined)
})

t.test('the window of the authority lies within the life of the certificate', async t => {
  const window = await authority.renewalWindow(chain, never())
  const leaf = new X509Certificate(chain)
  t.ok((window?.start ?? 0) > leaf.validFromDate.getTime())
  t.ok((window?.end ?? 0) < leaf.validToDate.getTime())
  t.ok((window?.start ?? 0) < (window?.end ?? 0))
})

t.test('a replacement names what it replaces', async t => {
  const replaces = await certificateId(chain)
  const { chain: next } = await authority.issue(orderOf(['a.test'], { replaces }), never())
  t.equal(gate.orders().at(-1)?.['replaces'], replaces)
  t.not(next, chain)
})

const SUGGESTED = { start: '2026-01-02T03:04:05Z', end: '2026-01-03T03:04:05Z' }
const WINDOW = { start: Date.UTC(2026, 0, 2, 3, 4, 5), end: Date.UTC(2026, 0, 3, 3, 4, 5) }

const good: readonly { readonly why: string; readonly answer: GateAnswer; readonly window: object }[] = [
  {
    why: 'no more than a window',
    answer: { status: 200, json: { suggestedWindow: SUGGESTED } },
    window: WINDOW,
  },
  {
    why: 'an explanation and a wait',
    answer: {
      status: 200,
      headers: { 'retry-after': '7200' },
      json: { suggestedWindow: SUGGESTED, explanationURL: 'https://ca.test/why' },
    },
    window: { ...WINDOW, explanationUrl: 'https://ca.test/why', retryAfterMs: 7_200_000 },
  },
  {
    why: 'a wait of no time',
    answer: { status: 200, headers: { 'retry-after': '0' }, json: { suggestedWindow: SUGGESTED } },
    window: { ...WINDOW, retryAfterMs: 60_000 },
  },
  {
    why: 'a wait of years',
    answer: { status: 200, headers: { 'retry-after': '99999999' }, json: { suggestedWindow: SUGGESTED } },
    window: { ...WINDOW, retryAfterMs: 86_400_000 },
  },
  {
    why: 'a wait and an explanation that are none',
    answer: {
      status: 200,
      headers: { 'retry-after': 'later' },
      json: { suggestedWindow: SUGGESTED, explanationURL: 'javascript:alert(1)' },
    },
    window: WINDOW,
  },
]

for (const { why, answer, window } of good) {
  t.test(`understands ${why}`, async t => {
    gate.setWindow(answer)
    t.strictSame(await authority.renewalWindow(chain, never()), window)
  })
}

const bad: readonly { readonly why: string; readonly answer: GateAnswer }[] = [
  {
    why: 'a window that ends before it starts',
    answer: windowOf({ start: SUGGESTED.end, end: SUGGESTED.start }),
  },
  { why: 'a window of no time', answer: windowOf({ start: SUGGESTED.start, end: SUGGESTED.start }) },
  { why: 'dates that are none', answer: windowOf({ start: 'soon', end: 'later' }) },
  { why: 'years alone', answer: windowOf({ start: '2026', end: '2027' }) },
  { why: 'numbers', answer: windowOf({ start: 1, end: 2 }) },
  { why: 'no window', answer: { status: 200, json: {} } },
  { why: 'a page', answer: { status: 200, body: '<html>' } },
  { why: 'an error', answer: { status: 500 } },
]

function windowOf(suggestedWindow: object): GateAnswer {
  return { status: 200, json: { suggestedWindow } }
}

for (const { why, answer } of bad) {
  t.test(`rejects ${why}`, async t => {
    gate.setWindow(answer)
    t.equal((await failureOf(authority.renewalWindow(chain, never()))).failure, 'server')
  })
}

t.test('an authority without renewal windows tells none', async t => {
  const gate = await startGate(t, pebble)
  gate.rewrite((_request, answer) => ({ ...answer, body: answer.body.replace('renewalInfo', 'other') }))
  const { authority } = openAuthority(t, { ...pebble, directory: gate.directory })
  t.equal(await authority.renewalWindow(chain, never()), undefined)
})

t.test('a revoked certificate is known as revoked, for the reason given', async t => {
  const { chain } = await authority.issue(orderOf(['revoked.test']), never())
  const { serialNumber } = new X509Certificate(chain)
  await authority.revoke(chain, 'superseded', never())
  const { Status, Reason } = await pebble.statusOf(serialNumber)
  t.strictSame([Status, Reason], ['Revoked', 4])
  t.equal(await authority.revoke(chain, 'superseded', never()), undefined, 'again is no failure')
})

t.test('a certificate of somebody else cannot be revoked', async t => {
  const pair = makePair({ directory: temporaryDirectory(t), file: 'self', names: 'DNS:self.test' })
  const failed = await failureOf(
    authority.revoke(readFileSync(pair.certificate, 'utf8'), 'unspecified', never()),
  )
  t.equal(failed.failure, 'refused')
})
