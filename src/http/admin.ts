import type { IncomingMessage, RequestListener } from 'node:http'
import { type Reply, sendReply } from './reply.ts'

/** One readiness check, by name. */
export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
  readonly isDegraded?: true
}

export interface AdminPorts {
  readonly metrics: () => Promise<string>
  readonly metricsType: string
  readonly readiness: () => Promise<{ readonly ready: boolean; readonly checks: readonly CheckResult[] }>
  readonly formatReadiness: (
    result: { readonly ready: boolean; readonly checks: readonly CheckResult[] },
    options: { readonly verbose: boolean },
  ) => string
  /** Takes the configuration over again; `text` says how it went. */
  readonly reload: () => Promise<Result>
  /** Absent without TLS. */
  readonly certificates?: {
    /** What JSON says of them. */
    status(): unknown
    renew(name: string | undefined): Promise<Result>
    revoke(name: string, reason: string): Promise<Result>
  }
}

interface Result {
  readonly ok: boolean
  readonly text: string
}

/**
 * The admin listener: `/metrics`, `/livez`, `/readyz` (with `?verbose`), `/healthz` as its old name, `/certificates`,
 * and by POST `/reload`, `/certificates/renew?name=`, `/certificates/revoke?name=&reason=`.
 */
export function createAdmin(ports: AdminPorts): RequestListener {
  return (req, res) => {
    answer(ports, req).then(
      reply => sendReply(req, res, reply),
      error => sendReply(req, res, { status: 500, body: `${String(error)}\n` }),
    )
  }
}

const NOT_MEANT = 'POST only, and not from a web page\n'

async function answer(ports: AdminPorts, { method, url = '', headers }: IncomingMessage): Promise<Reply> {
  const [path = '', query = ''] = url.split('?')
  const action = actionAt(ports, path)
  if (action !== undefined) {
    // A page in a browser on this machine sends its Origin along.
    const isMeant = method === 'POST' && headers.origin === undefined
    if (!isMeant) return { status: 405, body: NOT_MEANT, headers: { allow: 'POST' } }
    const { ok, text } = await action(new URLSearchParams(query))
    return { status: ok ? 200 : 422, body: text }
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, body: 'GET only\n', headers: { allow: 'GET, HEAD' } }
  }
  switch (path) {
    case '/livez':
      return { status: 200, body: 'ok\n' }
    case '/metrics':
      return { status: 200, body: await ports.metrics(), type: ports.metricsType }
    case '/certificates': {
      const body = `${JSON.stringify(ports.certificates?.status() ?? [])}\n`
      return { status: 200, body, type: 'application/json' }
    }
    case '/readyz':
    case '/healthz': {
      const result = await ports.readiness()
      const body = ports.formatReadiness(result, { verbose: /(^|&)verbose\b/.test(query) })
      return { status: result.ready ? 200 : 503, body }
    }
    default:
      return { status: 404, body: 'see /metrics, /livez, /readyz, /certificates\n' }
  }
}

type Action = (query: URLSearchParams) => Promise<Result>

function actionAt({ reload, certificates }: AdminPorts, path: string): Action | undefined {
  switch (path) {
    case '/reload':
      return reload
    case '/certificates/renew':
      return certificates && (query => certificates.renew(query.get('name') ?? undefined))
    case '/certificates/revoke':
      return (
        certificates &&
        (query => certificates.revoke(query.get('name') ?? '', query.get('reason') ?? 'unspecified'))
      )
    default:
      return undefined
  }
}
