import { escapeControls } from '../ops/escape-controls.ts'
import type { AcmeStatus, CertificateStatus } from '../tls/certificate-source.ts'
import { describeTime } from './describe-time.ts'
import { wrapText } from './wrap-text.ts'

export interface FormatOptions {
  readonly now: number
  /** Width of the terminal; without one nothing is wrapped and nothing coloured. */
  readonly columns?: number | undefined
  readonly isColoured: boolean
}

type Row = readonly [label: string, value: string]

const LABEL_WIDTH = 15
/** Of a file that somebody must replace; the others renew themselves. */
const SOON_MS = 14 * 86_400_000
const COLOURS = { good: '32', doubtful: '33', bad: '31' } as const

interface Verdict {
  readonly word: string
  readonly colour: keyof typeof COLOURS
}

/** Whether clients can use the certificate: there, not expired, and no stop-gap. */
export function isUsable({ notAfter, acme }: CertificateStatus, now: number): boolean {
  return notAfter > now && acme?.isStopGap !== true
}

/** A block for each certificate: its name, in a word how it is, and what there is to know. */
export function formatCertificates(
  certificates: readonly CertificateStatus[],
  options: FormatOptions,
): string {
  return certificates.map(certificate => formatBlock(certificate, options)).join('\n')
}

function formatBlock(certificate: CertificateStatus, options: FormatOptions): string {
  const paint = (code: string, text: string) =>
    options.isColoured ? `\u001b[${code}m${text}\u001b[0m` : text
  const { word, colour } = verdictOf(certificate, options.now)
  const title = certificate.acme?.name ?? certificate.names.join(', ')
  const rows = rowsOf(certificate, options.now).map(([label, value]) => {
    const text = wrapText(escapeControls(value), { indent: LABEL_WIDTH + 2, columns: options.columns })
    return `  ${label.padEnd(LABEL_WIDTH)}${text}\n`
  })
  return `${paint('1', title)}  ${paint(COLOURS[colour], word)}\n${rows.join('')}`
}

function verdictOf({ notAfter, source, acme }: CertificateStatus, now: number): Verdict {
  if (notAfter === 0) return { word: 'no certificate yet', colour: 'bad' }
  if (acme?.isStopGap === true) return { word: 'STOP-GAP, which clients do not trust', colour: 'bad' }
  if (notAfter <= now) return { word: 'EXPIRED', colour: 'bad' }
  if (acme?.authority?.endsWith('-staging') === true) {
    return { word: 'valid, of a test stage, which clients do not trust', colour: 'doubtful' }
  }
  if (acme?.lastError !== undefined) return { word: 'valid, but not renewed', colour: 'doubtful' }
  if (source === 'files' && notAfter - now < SOON_MS)
    return { word: 'valid, expires soon', colour: 'doubtful' }
  return { word: 'valid', colour: 'good' }
}

function rowsOf(certificate: CertificateStatus, now: number): readonly Row[] {
  const { names, notAfter, acme } = certificate
  const isNamed = acme === undefined || (names.length === 1 && names[0] === acme.name)
  return [
    ...(isNamed ? [] : [['names', names.join(', ')] as const]),
    ...(notAfter === 0 ? [] : servedRows(certificate, now)),
    ...(acme === undefined ? [] : acmeRows(acme, now)),
  ]
}

function servedRows({ notAfter, issuer, source, acme }: CertificateStatus, now: number): readonly Row[] {
  const by = acme?.authority === undefined ? 'file' : acme.authority
  const issuedBy = source === 'internal' ? 'our own CA (see landwaiter ca)' : `${by}: ${issuer}`
  return [
    ['issued by', source === 'files' ? issuer : issuedBy],
    ['valid until', describeTime(notAfter, now)],
  ]
}

function acmeRows(acme: AcmeStatus, now: number): readonly Row[] {
  const { challenge, obtainedAt, nextRenewal, nextAttempt, failedAttempts, lastError } = acme
  const proof = challenge === undefined ? '' : `, proved by ${challenge}`
  const times = failedAttempts > 1 ? `${failedAttempts} times, the last time: ` : ''
  const isRetry = lastError !== undefined || nextRenewal === undefined
  return [
    ...(obtainedAt === undefined ? [] : [['obtained', `${describeTime(obtainedAt, now)}${proof}`] as const]),
    ...(nextRenewal === undefined ? [] : [['next renewal', describeTime(nextRenewal, now)] as const]),
    ...(acme.explanationUrl === undefined ? [] : [['explained at', acme.explanationUrl] as const]),
    ...(lastError === undefined ? [] : [['failed', `${times}${lastError}`] as const]),
    ...(isRetry
      ? [['next attempt', nextAttempt <= now ? 'now' : describeTime(nextAttempt, now)] as const]
      : []),
  ]
}
