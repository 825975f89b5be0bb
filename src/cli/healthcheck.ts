import { request } from 'undici'
import { loadConfig } from '../config/load.ts'
import { complainOf } from './config-problem.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 5_000

/** Asks the admin listener for `/readyz`; the container's HEALTHCHECK. */
export async function healthcheck(file: string, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    const { admin } = config.listen
    if (admin === null) {
      terminal.complain('error: listen.admin is off, so there is nothing to ask\n')
      return EXIT.failed
    }
    return await ask(`http://${connectable(admin.host)}:${admin.port}/readyz?verbose`, terminal)
  } catch (error) {
    return complainOf(error, terminal)
  }
}

async function ask(url: string, terminal: Terminal): Promise<number> {
  try {
    const answer = await request(url, { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS })
    terminal.print(await answer.body.text())
    return answer.statusCode === 200 ? EXIT.ok : EXIT.failed
  } catch (error) {
    terminal.complain(
      `error: ${url} does not answer: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return EXIT.failed
  }
}

/** An address to connect to for one that was listened on. */
function connectable(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
