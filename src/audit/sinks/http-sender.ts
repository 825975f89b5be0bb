import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { messageOf } from '../../model/message-of.ts'
import { oneLine } from '../../model/one-line.ts'
import { postFormatOf } from './post-formats.ts'
import { retryAfterMs } from './retry-after.ts'
import { SendFailed } from './send-failed.ts'
import type { Sender } from './sender.ts'
import type { HttpSettings } from './sink-settings.ts'

const MAX_ANSWER_BYTES = 64 * 1024
const LONGEST_QUOTE = 200
/** Statuses by which a receiver speaks of what it was sent; the others speak of who sends it, and where to. */
const OF_LINES: ReadonlySet<number> = new Set([400, 413, 422])

const compress = promisify(gzip)

interface Answer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly text: string
}

/**
 * Posts batches over one connection. A 2xx acknowledges; redirects are not followed and proxies of the environment not
 * used. `onComplaint` gets what a receiver says against lines that it took.
 */
export function createHttpSender(
  settings: HttpSettings,
  { clock, onComplaint }: { readonly clock: () => number; readonly onComplaint: (text: string) => void },
): Sender {
  const { url, timeout_ms: timeoutMs, ca } = settings
  const format = postFormatOf(settings, clock)
  const agent = new Agent({
    connections: 1,
    pipelining: 1,
    connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
  })
  const quote = quoter(settings)

  async function post(text: string, signal: AbortSignal): Promise<Answer> {
    const { statusCode, headers, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': format.contentType, ...headersOf(settings), ...format.headers(text) },
      body: settings.gzip ? await compress(text) : text,
      dispatcher: agent,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    return { status: statusCode, headers, text: await boundedText(body) }
  }

  return {
    accepts: format.accepts,
    send: async (lines, signal) => {
      const timeout = AbortSignal.timeout(timeoutMs)
      const answer = await post(format.body(lines), AbortSignal.any([signal, timeout])).catch(
        (error: unknown) => {
          throw failureOf(error, timeout)
        },
      )
      requireSuccess(answer, { quote, clock })
      const complaint = format.complaint(answer.text)
      if (complaint !== undefined) onComplaint(quote(complaint))
    },
    close: () => agent.destroy(),
  }
}

function headersOf({ headers, gzip: isCompressed }: HttpSettings): Readonly<Record<string, string>> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()])
  return { ...Object.fromEntries(given), ...(isCompressed ? { 'content-encoding': 'gzip' } : {}) }
}

/** What a receiver wrote, fit for a log: a header that it repeats is hidden. */
function quoter(settings: HttpSettings): (text: string) => string {
  const given = [...Object.values(settings.headers), ...('secret' in settings ? [settings.secret] : [])]
  const secrets = given.flatMap(secret => (secret === undefined ? [] : [secret.reveal()]))
  const parts = secrets.flatMap(secret => [secret, ...secret.split(' ')]).filter(part => part.length > 3)
  return text =>
    oneLine(
      parts.reduce((hidden, part) => hidden.replaceAll(part, '***'), text),
      LONGEST_QUOTE,
    )
}

async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    // The status is known; leaving the loop ends the connection.
    if (size > MAX_ANSWER_BYTES) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function requireSuccess(
  { status, headers, text }: Answer,
  { quote, clock }: { readonly quote: (text: string) => string; readonly clock: () => number },
): void {
  if (status >= 200 && status < 300) return
  const said = quote(text)
  const message = `it answered with status ${status}${said === '' ? '' : `: ${said}`}`
  const wait = retryAfterMs(headers['retry-after'], clock())
  if (status >= 300 && status < 400) {
    throw new SendFailed('redirect', `${message}; redirects are not followed, name the address itself`)
  }
  if (status === 429 || status === 503) throw new SendFailed('busy', message, { retryAfterMs: wait })
  if (status === 408) throw new SendFailed('timeout', message)
  if (status >= 500 || status < 200) throw new SendFailed('server', message, { retryAfterMs: wait })
  const blames = status === 413 ? 'size' : OF_LINES.has(status) ? 'lines' : undefined
  throw new SendFailed('refused', message, { blames })
}

function failureOf(error: unknown, timeout: AbortSignal): SendFailed {
  if (timeout.aborted) return new SendFailed('timeout', 'it did not answer in time', { cause: error })
  const code = codeOf(error)
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return new SendFailed('timeout', messageOf(error), { cause: error })
  if (/UND_ERR_SOCKET|ECONNRESET|EPIPE/.test(code)) {
    return new SendFailed('reset', messageOf(error), { cause: error })
  }
  if (/^HPE_|UND_ERR_RES/.test(code)) return new SendFailed('answer', messageOf(error), { cause: error })
  return new SendFailed('connect', messageOf(error), { cause: error })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
