import { request } from 'undici'
import { messageOf } from '../model/message-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export interface AdminCall {
  /** URL on the admin listener. */
  readonly url: string
  readonly timeoutMs: number
  /** Exit code for a 422. */
  readonly refused: number
}

/** Asks the running process to do something and prints how it ended; resolves to the exit code. */
export async function postAdmin({ url, timeoutMs, refused }: AdminCall, terminal: Terminal): Promise<number> {
  try {
    const timeout = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
    const answer = await request(url, { method: 'POST', ...timeout })
    const text = await answer.body.text()
    if (answer.statusCode === 200) {
      terminal.print(text)
      return EXIT.ok
    }
    terminal.complain(text)
    return answer.statusCode === 422 ? refused : EXIT.failed
  } catch (error) {
    terminal.complain(`error: ${url} does not answer: ${messageOf(error)}\n`)
    return EXIT.failed
  }
}
