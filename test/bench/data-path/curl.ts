import { runCommand } from '../../support/run-command.ts'

const TIMEOUT_MS = 600_000
/** Options of every curl: TLS with AES-128-GCM, as Go's clients choose, and HTTP/1.1. */
export const CURL_ALWAYS = [
  '--silent',
  '--show-error',
  '--insecure',
  '--http1.1',
  '--tls13-ciphers',
  'TLS_AES_128_GCM_SHA256',
]

/** What curl tells of a request. */
export interface CurlResult {
  readonly status: number
  readonly bytesDown: number
  readonly bytesUp: number
  /** From the end of the handshake to the end of the answer. */
  readonly seconds: number
  readonly location: string
  /** What an upload has reached, as the registry tells it. */
  readonly range: string
}

/**
 * One request by a curl of its own, the body of the answer going to `output`.
 * Throws when there is no answer or one that is a failure.
 */
export async function curl(url: string, args: readonly string[], output = '/dev/null'): Promise<CurlResult> {
  const format =
    '%{http_code} %{size_download} %{size_upload} %{time_pretransfer} %{time_total} ; %header{location} ; %header{range}'
  const out = ['--output', output, '--write-out', format]
  const { code, stdout, stderr } = await runCommand('curl', [...CURL_ALWAYS, ...out, ...args, url], {
    timeoutMs: TIMEOUT_MS,
  })
  const [head = '', location = '', range = ''] = stdout.split(' ; ')
  const [status = 0, bytesDown = 0, bytesUp = 0, begun = 0, ended = 0] = head.split(' ').map(Number)
  if (code !== 0 || status < 200 || status > 299) throw new Error(`curl ${url}: ${stdout} ${stderr}`)
  return { status, bytesDown, bytesUp, seconds: ended - begun, location, range }
}
