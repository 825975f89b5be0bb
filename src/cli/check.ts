import { access, constants } from 'node:fs/promises'
import { openAuthority } from '../app/open-authority.ts'
import { openSigningKey } from '../app/open-signing-key.ts'
import { certificateNames } from '../app/open-tls.ts'
import { readCaRoots } from '../app/read-ca-roots.ts'
import { createPasswordWorkers } from '../authn/password-workers.ts'
import { formatIssue } from '../config/format-issue.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { ConfigError, type ConfigIssue } from '../model/errors.ts'
import type { Log } from '../model/ports.ts'
import { createMetrics } from '../ops/metrics.ts'
import { openCertificateFiles } from '../tls/certificate-files.ts'
import { readClientCa } from '../tls/client-ca.ts'
import { complainOf } from './complain-of.ts'
import { atConfigPlace, type FileKey, fileIssue, namedFiles } from './config-place.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Everything that can be known of a configuration without starting it: the file, and the files it names. */
export async function check(file: string, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(file, terminal.env)
    for (const issue of loaded.warnings) terminal.complain(`${formatIssue(issue, 'warning')}\n`)
    for (const issue of loaded.notes) terminal.complain(`${formatIssue(issue, 'note')}\n`)
    await requireUsableFiles({ loaded, file, terminal })
    const { users, acl } = loaded.config
    terminal.print(`${file}: ok, ${count(users.size, 'user')}, ${count(acl.length, 'rule')}\n`)
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}

interface Checked {
  readonly loaded: LoadedConfig
  readonly file: string
  readonly terminal: Terminal
}

/** @throws ConfigError with the faults of all files that the configuration names, one a file. */
async function requireUsableFiles(checked: Checked): Promise<void> {
  const { loaded, file } = checked
  const pairs = await Promise.allSettled([
    openTokenPair(checked),
    openTlsPair(checked),
    ...readTlsRoots(checked),
    openRights(checked),
  ])
  const refused = pairs.flatMap(result => {
    if (result.status === 'fulfilled') return []
    const error = atConfigPlace(result.reason, loaded, file)
    if (error instanceof ConfigError) return error.issues
    throw error
  })
  // A pair is given up at its first fault; the other file may be missing, too.
  const byPlace = new Map([...refused, ...(await unreadable(checked))].map(issue => [issue.path, issue]))
  const issues = [...byPlace.values()].sort((a, b) => a.line - b.line)
  if (issues.length > 0) throw new ConfigError(issues)
}

async function unreadable({ loaded, file }: Checked): Promise<readonly ConfigIssue[]> {
  const issues = namedFiles(loaded).map(async named => {
    const problem = await access(named.file, constants.R_OK).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => `${named.file}: the file cannot be read (${error.code})`,
    )
    return problem === undefined ? [] : [fileIssue(named.key, problem, { loaded, file })]
  })
  return (await Promise.all(issues)).flat()
}

/** Programs, models and keys are looked at, nobody is asked anything. */
async function openRights({ loaded, terminal }: Checked): Promise<void> {
  const authority = await openAuthority(loaded, {
    workers: createPasswordWorkers(),
    clock: Date.now,
    metrics: createMetrics({ version: terminal.version }),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signatureCheck: () => Promise.reject(new TypeError('a check pulls nothing')),
    env: terminal.env,
  })
  await authority.close()
}

async function openTokenPair(checked: Checked): Promise<void> {
  const { config } = checked.loaded
  // Without files of its own a key is made at the first start, not by a check.
  if (config.token.key === undefined) return
  await openSigningKey(config, { clock: Date.now, log: warningsAt(['token', 'certificate'], checked) })
}

async function openTlsPair(checked: Checked): Promise<void> {
  const { config } = checked.loaded
  if (config.tls.mode !== 'files') return
  const source = await openCertificateFiles({
    pairs: [config.tls],
    domains: certificateNames(config),
    clock: Date.now,
    log: warningsAt(['tls', 'certificate'], checked),
  })
  await source.close()
}

/** The CAs that clients, ACME servers and receivers of the audit log are held against. */
function readTlsRoots({ loaded }: Checked): readonly Promise<unknown>[] {
  const { tls, audit } = loaded.config
  const authorities = tls.mode === 'acme' ? tls.acme.authorities : []
  return [
    ...(tls.client_auth === undefined ? [] : [readClientCa(tls.client_auth.ca_file)]),
    ...authorities.map(({ ca_root_file: file }) => readCaRoots(file)),
    ...audit.sinks.map(({ ca_file: file }) => readCaRoots(file)),
  ]
}

/** A log that prints what an operator should know of a file as a warning at the key that names it. */
function warningsAt(key: FileKey, { terminal, ...checked }: Checked): Log {
  const warn = (message: string) =>
    terminal.complain(`${formatIssue(fileIssue(key, message, checked), 'warning')}\n`)
  return { debug: ignore, info: ignore, warn, error: warn }
}

function ignore(): void {
  // how it is used is of no interest to a check
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
