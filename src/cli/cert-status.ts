import { loadConfig } from '../config/load.ts'
import type { CertificateStatus } from '../tls/certificate-source.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { formatCertificates, isUsable } from './format-certificates.ts'
import { isColoured } from './is-coloured.ts'
import { readCertificates } from './read-certificates.ts'
import type { Terminal } from './terminal.ts'

/** What to show, and how. */
export interface StatusRequest {
  /** The configuration file. */
  readonly config: string
  /** All certificates when absent. */
  readonly name: string | undefined
  readonly output: 'text' | 'json'
}

/** Says how the certificates are doing. Exit 0 when clients can use all of them, else 1. */
export async function certStatus(asked: StatusRequest, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(asked.config, terminal.env)
    if (config.tls.mode === 'off') {
      terminal.complain('error: tls.mode is off, so there are no certificates\n')
      return EXIT.failed
    }
    const all = await readCertificates(config, terminal)
    return all === undefined ? EXIT.failed : show(all, asked, terminal)
  } catch (error) {
    return complainOf(error, terminal)
  }
}

function show(
  all: readonly CertificateStatus[],
  { name, output }: StatusRequest,
  terminal: Terminal,
): number {
  const chosen = name === undefined ? all : all.filter(one => isNamed(one, name.toLowerCase()))
  if (name !== undefined && chosen.length === 0) {
    terminal.complain(`error: ${name} is not one of ${all.map(titleOf).join(', ')}\n`)
    return EXIT.failed
  }
  const now = Date.now()
  terminal.print(
    output === 'json'
      ? `${JSON.stringify(chosen, null, 2)}\n`
      : formatCertificates(chosen, { now, columns: terminal.columns, isColoured: isColoured(terminal) }),
  )
  return chosen.every(one => isUsable(one, now)) ? EXIT.ok : EXIT.failed
}

function isNamed({ names, acme }: CertificateStatus, name: string): boolean {
  return acme?.name === name || names.includes(name)
}

function titleOf({ names, acme }: CertificateStatus): string {
  return acme?.name ?? names.join(', ')
}
