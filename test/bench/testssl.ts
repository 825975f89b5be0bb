import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../support/run-command.ts'

const TIMEOUT_MS = 1_200_000 // of version 3.2 on a busy machine

/** Lines of the matrix, and what testssl calls them. Grades are new in 3.2, which Debian 12 does not have. */
const LINES: readonly (readonly [string, string])[] = [
  ['server chooses the suite', 'cipher_order'],
  ['validity of tickets', 'TLS_session_ticket'],
  ['OCSP stapling', 'OCSP_stapling'],
  ['server banner', 'banner_server'],
  ['secure renegotiation (RFC 5746)', 'secure_renego'],
  ['compression (CRIME)', 'CRIME_TLS'],
  ['fallback SCSV', 'fallback_SCSV'],
  ['grade', 'overall_grade'],
  ['grade, reasons', 'grade_cap_reason_1'],
  ['grade, more reasons', 'grade_cap_reason_2'],
]

const VULNERABILITIES =
  'heartbleed CCS ticketbleed ROBOT secure_client_renego BREACH POODLE_SSL SWEET32 FREAK DROWN LOGJAM BEAST LUCKY13 winshock RC4'.split(
    ' ',
  )

interface Finding {
  readonly id: string
  readonly severity: string
  readonly finding: string
}

/** What testssl.sh says of a server, by line of the matrix. It trusts `certificate`, a PEM file. */
export async function testssl(
  port: number,
  { directory, certificate }: { readonly directory: string; readonly certificate: string },
): Promise<ReadonlyMap<string, string>> {
  const file = join(directory, `testssl-${port}.json`)
  const quiet = ['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none']
  const target = ['--add-ca', certificate, '--ip', '127.0.0.1', `https://localhost:${port}`]
  // Its exit code counts what it does not like.
  const { stdout } = await runCommand('testssl', [...quiet, '--jsonfile', file, ...target], {
    timeoutMs: TIMEOUT_MS,
  })
  const findings = parse(file, stdout)
  const checked = VULNERABILITIES.flatMap(id => findings.find(finding => finding.id === id) ?? [])
  return new Map([
    ...LINES.flatMap(([line, id]) =>
      findings.filter(finding => finding.id === id).map(({ finding }) => [line, finding] as const),
    ),
    ['vulnerabilities', summary(checked)],
    ['all that it calls low or worse', worse(findings)],
  ])
}

function parse(file: string, output: string): readonly Finding[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Error(`testssl wrote no report: ${output.slice(-2_000)}`, { cause })
  }
}

function summary(checked: readonly Finding[]): string {
  const bad = checked.filter(({ severity }) => severity !== 'OK' && severity !== 'INFO')
  if (bad.length === 0) return `none of ${checked.length}`
  return bad.map(({ id, finding }) => `${id}: ${finding}`).join('; ')
}

function worse(findings: readonly Finding[]): string {
  const levels = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']
  return findings
    .filter(({ severity }) => levels.includes(severity))
    .map(({ id }) => id)
    .join(', ')
}
