import { request } from 'undici'
import { loadConfig } from '../config/load.ts'
import { ConfigError } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import { type AdminAddress, adminUrl } from './admin-url.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 5_000
const DEFAULT_ADMIN = { host: '127.0.0.1', port: 9090 }

/**
 * Asks the admin listener for `/readyz`; the container's HEALTHCHECK. A file that cannot be used now is no reason to
 * call a process sick that started with another: an orchestrator would replace it by one that does not start. So
 * `fallback` is asked then.
 */
export async function healthcheck(
  file: string,
  terminal: Terminal,
  fallback: AdminAddress = DEFAULT_ADMIN,
): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    const { admin } = config.listen
    if (admin !== null) return await ask(adminUrl(admin, '/readyz?verbose'), terminal)
    terminal.complain('error: listen.admin is off, so there is nothing to ask\n')
    return EXIT.failed
  } catch (error) {
    return await askAnyway(error, fallback, terminal)
  }
}

async function askAnyway(error: unknown, fallback: AdminAddress, terminal: Terminal): Promise<number> {
  if (!(error instanceof ConfigError)) return complainOf(error, terminal)
  const answer = await fetchReadiness(adminUrl(fallback, '/readyz?verbose')).catch(() => undefined)
  return answer === undefined ? complainOf(error, terminal) : report(answer, terminal)
}

async function ask(url: string, terminal: Terminal): Promise<number> {
  try {
    return report(await fetchReadiness(url), terminal)
  } catch (error) {
    const reason = messageOf(error)
    terminal.complain(`error: ${url} does not answer: ${reason}\n`)
    return EXIT.failed
  }
}

interface Readiness {
  readonly isReady: boolean
  readonly text: string
}

async function fetchReadiness(url: string): Promise<Readiness> {
  const answer = await request(url, { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS })
  return { isReady: answer.statusCode === 200, text: await answer.body.text() }
}

function report({ isReady, text }: Readiness, terminal: Terminal): number {
  terminal.print(text)
  return isReady ? EXIT.ok : EXIT.failed
}
