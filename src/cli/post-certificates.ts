import type { Config } from '../config/schema.ts'
import { adminUrl } from './admin-url.ts'
import { EXIT } from './exit-code.ts'
import { postAdmin } from './post-admin.ts'
import type { Terminal } from './terminal.ts'

/** An order may be checked, queued and retried by the authority; who asked for it wants to see its end. */
const ANSWER_TIMEOUT_MS = 10 * 60_000

const PAST = { renew: 'renewed', revoke: 'revoked' }

export interface CertificateCall {
  readonly config: Pick<Config, 'listen' | 'tls'>
  readonly verb: 'renew' | 'revoke'
  readonly query: Readonly<Record<string, string>>
  /** What a person who waits is told. */
  readonly doing: string
}

/** Asks the running process for something that takes an authority's time; resolves to the exit code. */
export async function postCertificates(
  { config, verb, query, doing }: CertificateCall,
  terminal: Terminal,
): Promise<number> {
  const { listen, tls } = config
  if (tls.mode !== 'acme') {
    terminal.complain(`error: tls.mode is ${tls.mode}; only certificates by ACME can be ${PAST[verb]}\n`)
    return EXIT.failed
  }
  if (listen.admin === null) {
    terminal.complain('error: listen.admin is off, so the running server cannot be asked\n')
    return EXIT.failed
  }
  if (terminal.isTty) terminal.complain(`${doing} …\n`)
  const parameters = new URLSearchParams(query).toString()
  const path = `/certificates/${verb}${parameters === '' ? '' : `?${parameters}`}`
  const url = adminUrl(listen.admin, path)
  return await postAdmin({ url, timeoutMs: ANSWER_TIMEOUT_MS, refused: EXIT.failed }, terminal)
}
