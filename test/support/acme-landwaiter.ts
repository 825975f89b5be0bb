import { request } from 'undici'
import type { ChallengeType } from '../../src/model/certificate-authority.ts'
import type { CertificateStatus } from '../../src/tls/certificate-source.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from './landwaiter-process.ts'
import type { Pebble } from './pebble.ts'
import type { Scope } from './scope.ts'
import { servedCertificate } from './served-certificate.ts'

export interface AcmeLandwaiterOptions {
  readonly pebble: Pebble
  readonly domains?: { readonly registry: string; readonly auth?: string }
  /** Fields of `tls.acme`. */
  readonly acme?: Readonly<Record<string, unknown>> & { readonly challenges?: readonly ChallengeType[] }
  /** Where clients come in, 127.0.0.1 unless told; at ::1 pebble can use http-01 alone. */
  readonly address?: '127.0.0.1' | '::1'
  /** Sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** A landwaiter process whose certificates come from pebble, at the ports where pebble looks for it. */
export interface AcmeLandwaiter extends LandwaiterProcess {
  /** When the process was started, by `performance.now()`. */
  readonly startedAt: number
  readonly status: () => Promise<readonly CertificateStatus[]>
  /** Asks for new certificates, of one name or of all; resolves when they are served. */
  readonly renew: (name?: string) => Promise<{ readonly status: number; readonly text: string }>
  /** Resolves when a client that trusts pebble's root accepts the certificate of each name. */
  readonly served: (names: readonly string[]) => Promise<void>
}

export const ACME_DOMAINS = { registry: 'registry.test', auth: 'auth.test' }

/** The sections of its configuration, for `writeConfig`. */
export function acmeSections({
  pebble,
  domains = ACME_DOMAINS,
  acme = {},
  address = '127.0.0.1',
  config = {},
}: AcmeLandwaiterOptions): Readonly<Record<string, unknown>> {
  return {
    domains,
    listen: {
      https: `${address === '::1' ? '[::1]' : address}:${pebble.tlsPort}`,
      http: `127.0.0.1:${pebble.httpPort}`,
      admin: '127.0.0.1:0',
    },
    tls: {
      mode: 'acme',
      acme: { directory: pebble.directory, ca_root_file: pebble.caRootFile, ...acme },
    },
    ...config,
  }
}

export async function startAcmeLandwaiter(t: Scope, options: AcmeLandwaiterOptions): Promise<AcmeLandwaiter> {
  const { pebble, address = '127.0.0.1' } = options
  const startedAt = performance.now()
  const landwaiter = await startLandwaiterProcess(t, acmeSections(options))
  const root = await pebble.issuingRoot()
  const isServed = async (servername: string) => {
    const seen = await servedCertificate(pebble.tlsPort, { host: address, servername, ca: root })
    return 'leaf' in seen && seen.fault === undefined
  }
  return {
    ...landwaiter,
    startedAt,
    async status() {
      const { body } = await request(`${landwaiter.adminUrl}/certificates`)
      return (await body.json()) as readonly CertificateStatus[]
    },
    async renew(name) {
      const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`
      const url = `${landwaiter.adminUrl}/certificates/renew${query}`
      const { statusCode, body } = await request(url, { method: 'POST' })
      return { status: statusCode, text: await body.text() }
    },
    async served(names) {
      for (const name of names) await landwaiter.ready(`certificate of ${name}`, () => isServed(name))
    },
  }
}
