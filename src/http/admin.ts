import type { RequestListener, ServerResponse } from 'node:http'

/** One readiness check, by name. */
export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

export interface AdminPorts {
  readonly metrics: () => Promise<string>
  readonly metricsType: string
  readonly readiness: () => Promise<{ readonly ready: boolean; readonly checks: readonly CheckResult[] }>
  readonly formatReadiness: (
    result: { readonly ready: boolean; readonly checks: readonly CheckResult[] },
    options: { readonly verbose: boolean },
  ) => string
}

/** The admin listener: `/metrics`, `/livez`, `/readyz` (with `?verbose`), `/healthz` as its old name. */
export function createAdmin(ports: AdminPorts): RequestListener {
  return (req, res) => {
    const [path, query = ''] = (req.url ?? '').split('?')
    if (req.method !== 'GET' && req.method !== 'HEAD') text(res, 405, 'GET only\n')
    else if (path === '/livez') text(res, 200, 'ok\n')
    else if (path === '/metrics') void sendMetrics(ports, res)
    else if (path === '/readyz' || path === '/healthz')
      void sendReadiness(ports, res, /(^|&)verbose\b/.test(query))
    else text(res, 404, 'see /metrics, /livez, /readyz\n')
  }
}

async function sendMetrics(ports: AdminPorts, res: ServerResponse): Promise<void> {
  try {
    res.writeHead(200, { 'content-type': ports.metricsType }).end(await ports.metrics())
  } catch (error) {
    text(res, 500, `${String(error)}\n`)
  }
}

async function sendReadiness(ports: AdminPorts, res: ServerResponse, verbose: boolean): Promise<void> {
  const result = await ports.readiness()
  text(res, result.ready ? 200 : 503, ports.formatReadiness(result, { verbose }))
}

function text(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body)
}
