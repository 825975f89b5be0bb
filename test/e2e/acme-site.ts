import { connect } from 'node:tls'
import { request } from 'undici'
import type { CertificateStatus } from '../../src/tls/certificate-source.ts'
import type { Pebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'

export const NAME = 'registry.test'

/** Sections for one name whose certificate comes from `directory`, validated by `pebble`. */
export function acmeSections(
  pebble: Pebble,
  directory: string,
  { listen = {}, acme = {}, ...others }: Readonly<Record<string, object | string>> = {},
): Readonly<Record<string, unknown>> {
  return {
    domains: { registry: NAME },
    listen: {
      https: `127.0.0.1:${pebble.tlsPort}`,
      http: `127.0.0.1:${pebble.httpPort}`,
      admin: '127.0.0.1:0',
      ...(listen as object),
    },
    tls: { mode: 'acme', acme: { directory, ca_root_file: pebble.caRootFile, ...(acme as object) } },
    ...others,
  }
}

/** What a landwaiter tells and does on its admin listener. */
export function adminOf({ adminUrl }: { readonly adminUrl: string }) {
  const text = async (path: string, method: 'GET' | 'POST' = 'GET') => {
    const answer = await request(adminUrl + path, { method, headersTimeout: 20_000 })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  const all = async () => JSON.parse((await text('/certificates')).text) as readonly CertificateStatus[]
  const status = async () => {
    const [first] = await all()
    if (first?.acme === undefined) throw new Error('there is no certificate by ACME')
    return { ...first, ...first.acme }
  }
  return {
    all,
    /** Of the first certificate. */
    status,
    ready: () => text('/readyz?verbose'),
    renew: () => text('/certificates/renew', 'POST'),
    /** Waits for a certificate of an authority. */
    obtained: () =>
      waitFor('a certificate of an authority', async () => {
        const now = await status()
        return now.authority === undefined ? undefined : now
      }),
  }
}

/** Who issued the certificate that a client is shown at a port, its serial number, and whether `ca` vouches for it. */
export async function shownAt(
  t: Scope,
  port: number,
  ca?: string,
): Promise<{ readonly issuer: string; readonly serial: string; readonly isTrusted: boolean }> {
  const trust = ca === undefined ? {} : { ca }
  const socket = connect({ host: '127.0.0.1', port, servername: NAME, rejectUnauthorized: false, ...trust })
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  const { issuer, serialNumber } = socket.getPeerCertificate()
  const isTrusted = socket.authorized
  socket.destroy()
  return { issuer: String(issuer.CN), serial: serialNumber, isTrusted }
}
