import { loadConfig } from '../config/load.ts'
import { adminUrl } from './admin-url.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { postAdmin } from './post-admin.ts'
import type { Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 30_000

/** Has the running process take its configuration over again, and says whether it took. Exit 0, 1 or 3. */
export async function reload(file: string, terminal: Terminal): Promise<number> {
  try {
    const { config } = await loadConfig(file, terminal.env)
    const { admin } = config.listen
    if (admin === null) {
      terminal.complain('error: listen.admin is off; send the process a HUP and read its log\n')
      return EXIT.failed
    }
    const call = { url: adminUrl(admin, '/reload'), timeoutMs: ANSWER_TIMEOUT_MS, refused: EXIT.config }
    return await postAdmin(call, terminal)
  } catch (error) {
    return complainOf(error, terminal)
  }
}
