import { request } from 'undici'
import { loadConfig } from '../config/load.ts'
import { messageOf } from '../model/message-of.ts'
import { adminUrl } from './admin-url.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 30_000

/** Has the running process take its configuration over again, and says whether it took. Exit 0, 1 or 3. */
export async function reload(file: string, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    const { admin } = config.listen
    if (admin !== null) return await ask(adminUrl(admin, '/reload'), terminal)
    terminal.complain('error: listen.admin is off; send the process a HUP and read its log\n')
    return EXIT.failed
  } catch (error) {
    return complainOf(error, terminal)
  }
}

async function ask(url: string, terminal: Terminal): Promise<number> {
  try {
    const timeout = { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS }
    const answer = await request(url, { method: 'POST', ...timeout })
    const text = await answer.body.text()
    if (answer.statusCode === 200) {
      terminal.print(text)
      return EXIT.ok
    }
    terminal.complain(text)
    return answer.statusCode === 422 ? EXIT.config : EXIT.failed
  } catch (error) {
    terminal.complain(`error: ${url} does not answer: ${messageOf(error)}\n`)
    return EXIT.failed
  }
}
