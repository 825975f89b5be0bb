import t from 'tap'
import { describeTime } from '../../src/cli/describe-time.ts'
import { formatCertificates, isUsable } from '../../src/cli/format-certificates.ts'
import type { AcmeStatus, CertificateStatus } from '../../src/tls/certificate-source.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const DAY = 86_400_000

const obtained: AcmeStatus = {
  name: 'registry.example.com',
  authority: 'letsencrypt',
  serial: '04A1',
  obtainedAt: NOW - 28 * DAY,
  challenge: 'http-01',
  nextRenewal: NOW + 31 * DAY,
  nextAttempt: NOW + 31 * DAY,
  failedAttempts: 0,
  isStopGap: false,
}

function certificate(changes: Partial<CertificateStatus> = {}): CertificateStatus {
  return {
    names: ['registry.example.com'],
    notAfter: NOW + 61 * DAY + 60_000,
    issuer: "C=US, O=Let's Encrypt, CN=E7",
    source: 'acme',
    acme: obtained,
    ...changes,
  }
}

const plain = (status: CertificateStatus, columns?: number) =>
  formatCertificates([status], { now: NOW, columns, isColoured: false })

t.test('a valid certificate says who issued it, how long it is good and what comes next', async t => {
  t.equal(
    plain(certificate()),
    `registry.example.com  valid
  issued by      letsencrypt: C=US, O=Let's Encrypt, CN=E7
  valid until    2027-01-24 12:01 UTC, in 61 days
  obtained       2026-10-27 12:00 UTC, 28 days ago, proved by http-01
  next renewal   2026-12-25 12:00 UTC, in 31 days
`,
  )
})

t.test('a stop-gap cannot be taken for a certificate that clients trust', async t => {
  const acme: AcmeStatus = {
    name: 'registry.example.com',
    nextAttempt: NOW + 240_000,
    failedAttempts: 3,
    lastError: 'the name registry.example.com has no address in the DNS, so nobody can reach it',
    isStopGap: true,
  }
  const stopGap = certificate({ acme, source: 'internal', issuer: 'CN=landwaiter internal CA' })
  const text = plain(stopGap, 80)
  t.equal(
    text,
    `registry.example.com  STOP-GAP, which clients do not trust
  issued by      our own CA (see landwaiter ca)
  valid until    2027-01-24 12:01 UTC, in 61 days
  failed         3 times, the last time: the name registry.example.com has no
                 address in the DNS, so nobody can reach it
  next attempt   2026-11-24 12:04 UTC, in 4 minutes
`,
  )
  t.notOk(/.{81}/.test(text))
  t.equal(isUsable(stopGap, NOW), false)
})

t.test('each state has its word', async t => {
  const headOf = (status: CertificateStatus) => plain(status).split('\n')[0]
  const failing = { ...obtained, failedAttempts: 1, lastError: 'no answer' }
  const rows: readonly (readonly [CertificateStatus, string, boolean])[] = [
    [certificate(), 'valid', true],
    [certificate({ acme: failing }), 'valid, but not renewed', true],
    [
      certificate({ acme: { ...obtained, authority: 'letsencrypt-staging' } }),
      'valid, of a test stage, which clients do not trust',
      true,
    ],
    [certificate({ notAfter: NOW }), 'EXPIRED', false],
    [certificate({ notAfter: NOW - 1, acme: failing }), 'EXPIRED', false],
    [certificate({ notAfter: 0 }), 'no certificate yet', false],
    [certificate({ acme: { ...obtained, isStopGap: true } }), 'STOP-GAP, which clients do not trust', false],
  ]
  for (const [status, word, usable] of rows) {
    t.equal(headOf(status), `registry.example.com  ${word}`)
    t.equal(isUsable(status, NOW), usable, word)
  }
})

t.test('a certificate of a file is watched for us, as nobody renews it', async t => {
  const { acme: _, ...file } = certificate({ source: 'files', names: ['a.example', 'b.example'] })
  t.equal(
    plain(file),
    `a.example, b.example  valid
  issued by      C=US, O=Let's Encrypt, CN=E7
  valid until    2027-01-24 12:01 UTC, in 61 days
`,
  )
  t.match(plain({ ...file, notAfter: NOW + 13 * DAY }), /^a\.example, b\.example {2}valid, expires soon\n/)
})

t.test('an attempt that is due, an early renewal and other names are told', async t => {
  const acme = {
    ...obtained,
    explanationUrl: 'https://authority.example/why-this-is-renewed-early-and-a-very-long-path',
    lastError: 'no answer',
    failedAttempts: 1,
    nextAttempt: NOW - 1,
  }
  const text = plain(certificate({ acme, names: ['*.example.com', 'example.com'] }), 60)
  t.match(text, '\n  names          *.example.com, example.com\n')
  t.match(
    text,
    '\n  explained at   https://authority.example/why-this-is-renewed-early-and-a-very-long-path\n',
  )
  t.match(text, '\n  failed         no answer\n')
  t.match(text, '\n  next attempt   now\n')
})

t.test('an imported certificate has no proof', async t => {
  const { challenge: _, ...acme } = obtained
  t.match(plain(certificate({ acme })), '\n  obtained       2026-10-27 12:00 UTC, 28 days ago\n')
})

t.test(
  'colours are for those who asked, and what an authority says cannot write to the terminal',
  async t => {
    const acme = { ...obtained, lastError: 'over\u001b[2Jwritten', failedAttempts: 1 }
    const coloured = formatCertificates([certificate({ acme })], { now: NOW, columns: 80, isColoured: true })
    t.match(coloured, '\u001b[1mregistry.example.com\u001b[0m  \u001b[33mvalid, but not renewed\u001b[0m\n')
    t.match(coloured, 'over\\u001b[2Jwritten')
    t.notOk(plain(certificate({ acme })).includes('\u001b'))
  },
)

t.test('moments are told in the unit that fits', async t => {
  const rows: readonly (readonly [number, string])[] = [
    [0, 'now'],
    [999, 'now'],
    [1_000, 'in 1 second'],
    [119_000, 'in 119 seconds'],
    [-120_000, '2 minutes ago'],
    [2 * 3_600_000, 'in 2 hours'],
    [47 * 3_600_000, 'in 47 hours'],
    [-2 * DAY, '2 days ago'],
    [100 * DAY, 'in 100 days'],
  ]
  for (const [distance, text] of rows)
    t.match(describeTime(NOW + distance, NOW), new RegExp(` UTC, ${text}$`))
})
