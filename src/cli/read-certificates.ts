import { access } from 'node:fs/promises'
import { request } from 'undici'
import { acmeDirectory } from '../app/open-acme.ts'
import type { Config } from '../config/schema.ts'
import { messageOf } from '../model/message-of.ts'
import type { CertificateStatus } from '../tls/certificate-source.ts'
import { storedStatus } from '../tls/stored-status.ts'
import { adminUrl } from './admin-url.ts'
import { openStore } from './open-store.ts'
import type { Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 5_000

/**
 * What the running process says of its certificates. When it cannot be asked, what is stored of those by ACME, and why
 * on standard error; `undefined` when there is nothing to read either.
 */
export async function readCertificates(
  config: Config,
  terminal: Terminal,
): Promise<readonly CertificateStatus[] | undefined> {
  const { listen, tls } = config
  const directory = acmeDirectory(config)
  const problem = listen.admin === null ? 'listen.admin is off' : undefined
  const answer = listen.admin === null ? undefined : await ask(adminUrl(listen.admin, '/certificates'))
  if (answer !== undefined && 'certificates' in answer) return answer.certificates
  const reason = problem ?? answer?.problem
  if (tls.mode !== 'acme') {
    terminal.complain(`error: ${reason}, and with tls.mode ${tls.mode} nothing else tells\n`)
    return undefined
  }
  const isThere = await access(directory).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
  terminal.complain(`note: ${reason}; this is what ${directory} holds\n`)
  if (!isThere) return tls.acme.names.map(unknownCertificate)
  const store = await openStore(directory, terminal)
  return await Promise.all(tls.acme.names.map(name => storedStatus(store, name)))
}

type Answer = { readonly certificates: readonly CertificateStatus[] } | { readonly problem: string }

async function ask(url: string): Promise<Answer> {
  try {
    const timeout = { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS }
    const answer = await request(url, timeout)
    const text = await answer.body.text()
    const certificates: unknown = answer.statusCode === 200 ? JSON.parse(text) : undefined
    if (Array.isArray(certificates)) return { certificates }
    return { problem: `${url} answers with HTTP ${answer.statusCode}, as no landwaiter does` }
  } catch (error) {
    return { problem: `${url} does not answer (${messageOf(error)})` }
  }
}

function unknownCertificate(name: string): CertificateStatus {
  const acme = { name, nextAttempt: 0, failedAttempts: 0, isStopGap: false }
  return { names: [name], notAfter: 0, issuer: '', source: 'acme', acme }
}
