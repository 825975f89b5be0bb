import { certificateNames } from '../app/open-tls.ts'
import { formatIssue } from '../config/format-issue.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { openCertificateFiles } from '../tls/certificate-files.ts'
import { loadSigningKey } from '../token/signing-key.ts'
import { atConfigPlace, complainOf } from './config-problem.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Everything that can be known of a configuration without starting it: the file, and the files it names. */
export async function check(file: string, terminal: Terminal): Promise<number> {
  try {
    const loaded = await loadConfig(file, terminal.env)
    for (const issue of loaded.warnings) terminal.complain(`${formatIssue(issue, 'warning')}\n`)
    for (const issue of loaded.notes) terminal.complain(`${formatIssue(issue, 'note')}\n`)
    await openNamedFiles(loaded).catch(error => {
      throw atConfigPlace(error, file, loaded)
    })
    const { users, acl } = loaded.config
    terminal.print(`${file}: ok, ${count(users.size, 'user')}, ${count(acl.length, 'rule')}\n`)
    return EXIT.ok
  } catch (error) {
    const code = complainOf(error, terminal)
    return code === EXIT.failed ? EXIT.config : code
  }
}

async function openNamedFiles({ config }: LoadedConfig): Promise<void> {
  const { tls, token } = config
  if (token.key !== undefined && token.certificate !== undefined) {
    await loadSigningKey({ key: token.key, certificate: token.certificate })
  }
  if (tls.mode !== 'files') return
  const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const source = await openCertificateFiles({
    pairs: [tls],
    domains: certificateNames(config),
    clock: Date.now,
    log: silent,
  })
  await source.close()
}

function ignore(): void {
  // a check prints faults only
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
