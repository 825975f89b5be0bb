import { loadConfig } from '../config/load.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { postCertificates } from './post-certificates.ts'
import type { Terminal } from './terminal.ts'

/** What to revoke, and why. */
export interface RevokeRequest {
  /** The configuration file. */
  readonly config: string
  readonly name: string
  /** A word of REVOCATION_REASONS. */
  readonly reason: string
  /** Nobody needs to be asked. */
  readonly isSure: boolean
}

/** Has the running process revoke a certificate and get another, and says how that ended. Exit 0, 1 or 3. */
export async function certRevoke(asked: RevokeRequest, terminal: Terminal): Promise<number> {
  const { name, reason, isSure } = asked
  try {
    const { config } = await loadConfig(asked.config, terminal.env)
    if (!isSure && !isYes(await terminal.ask(`revoke the certificate of ${name}? [y/N] `))) {
      terminal.complain('nothing was revoked\n')
      return EXIT.failed
    }
    const doing = `revoking the certificate of ${name} and getting another`
    return await postCertificates({ config, verb: 'revoke', query: { name, reason }, doing }, terminal)
  } catch (error) {
    return complainOf(error, terminal)
  }
}

function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim())
}
