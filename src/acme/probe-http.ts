import { Client, type Dispatcher } from 'undici'
import { connectFault, errorCode } from './connect-fault.ts'
import type { ProbeTarget } from './preflight-probe.ts'

/** More than any token and thumbprint. */
const MAX_BODY_BYTES = 1024
const MAX_HEADER_CHARS = 120

/**
 * What is wrong with http-01 at one address, as a sentence without its full stop; `undefined` when our own answer comes.
 * Rejects with the reason of the signal only. Spec: RFC 8555 §8.3.
 */
export async function probeHttp(target: ProbeTarget, signal: AbortSignal): Promise<string | undefined> {
  const { name, address, port, probe, timeoutMs } = target
  const host = address.includes(':') ? `[${address}]` : address
  const client = new Client(`http://${host}:${port}`, { connect: { timeout: timeoutMs } })
  try {
    const answer = await client.request({
      method: 'GET',
      path: `/.well-known/acme-challenge/${probe.token}`,
      headers: { host: name.includes(':') ? `[${name}]` : name },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const body = await readStart(answer.body)
    if (answer.statusCode === 200 && body.trimEnd() === probe.expected) return undefined
    return `${address} is another server: it answered ${describeAnswer(answer)}`
  } catch (error) {
    signal.throwIfAborted()
    return faultOf(error, target)
  } finally {
    await client.destroy()
  }
}

function faultOf(error: unknown, target: ProbeTarget): string {
  const fault = connectFault(error, target, 'listen.http')
  if (fault !== undefined) return fault
  const code = errorCode(error)
  const isNoHttp = code.startsWith('HPE_') || code === 'HTTPParserError'
  const does = isNoHttp ? 'does not speak HTTP' : 'closes the connection without an answer'
  return `port ${target.port} of ${target.address} ${does} (${code}): another server listens there`
}

async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_BODY_BYTES) break
  }
  return Buffer.concat(chunks).toString('latin1')
}

function describeAnswer({ statusCode, headers }: Dispatcher.ResponseData): string {
  const server = headers['server']
  const isRedirect = statusCode >= 300 && statusCode < 400 && headers['location'] !== undefined
  return [
    statusCode === 200 ? '200 with another body' : String(statusCode),
    ...(server === undefined ? ['without a Server header'] : [`Server: ${shorten(server)}`]),
    ...(isRedirect ? [`Location: ${shorten(headers['location'])}`] : []),
  ].join(', ')
}

/** What others wrote goes into a log. */
function shorten(value: string | readonly string[] | undefined): string {
  return String(value)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, MAX_HEADER_CHARS)
}
