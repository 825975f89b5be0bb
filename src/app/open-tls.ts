import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { hostName } from '../http/hosts.ts'
import type { Clock, Log } from '../model/ports.ts'
import { openCertificateFiles } from '../tls/certificate-files.ts'
import type { CertificateSource } from '../tls/certificate-source.ts'
import { type ClientCa, readClientCa } from '../tls/client-ca.ts'
import { openClientCertificates, type ReadClientCertificate } from '../tls/client-certificates.ts'
import { openInternalSource } from '../tls/internal-source.ts'
import { createServerOptions, type ServerOptions } from '../tls/server-options.ts'

/** Directory of the internal CA under `state_dir`. */
export function caDirectory(config: Pick<Config, 'state_dir'>): string {
  return join(config.state_dir, 'ca')
}

/** Names that the certificates must cover, the registry's first. Without any, the internal CA vouches for localhost. */
export function certificateNames({ domains }: Pick<Config, 'domains'>): readonly string[] {
  const names = [domains.registry, domains.auth].flatMap(domain =>
    domain === undefined ? [] : [hostName(domain)],
  )
  return [...new Set(names)]
}

interface SourceEffects {
  readonly clock: Clock
  readonly log: Log
  readonly clientCa: ClientCa | undefined
}

export interface Tls {
  readonly source: CertificateSource
  readonly options: ServerOptions
  /** There with `tls.client_auth`. */
  readonly readClientCertificate?: ReadClientCertificate
  close(): Promise<void>
}

/**
 * Certificates and TLS settings of the public listener; `undefined` with `tls.mode: off`.
 * @throws CertificateFileError
 */
export async function openTls(
  config: Config,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Tls | undefined> {
  const { tls } = config
  if (tls.mode === 'off') return undefined
  const { client_auth: clientAuth } = tls
  const clientCa = clientAuth === undefined ? undefined : await readClientCa(clientAuth.ca_file)
  const effects = { clock, log, clientCa }
  const source = tls.mode === 'files' ? await openFiles(config, effects, tls) : await openOwn(config, effects)
  const options = createServerOptions(source, {
    minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(tls.curves === undefined ? {} : { ecdhCurve: tls.curves }),
    ...(clientCa === undefined
      ? {}
      : { clientAuth: { ca: clientCa, isRequired: clientAuth?.mode === 'require' } }),
  })
  return {
    source,
    options,
    ...(clientAuth === undefined
      ? {}
      : { readClientCertificate: await openClientCertificates({ name: clientAuth.name, clock }) }),
    close: async () => {
      options.close()
      await source.close()
    },
  }
}

function openFiles(
  config: Config,
  effects: SourceEffects,
  pair: { readonly certificate: string; readonly key: string },
): Promise<CertificateSource> {
  return openCertificateFiles({ ...effects, pairs: [pair], domains: certificateNames(config) })
}

function openOwn(config: Config, effects: SourceEffects): Promise<CertificateSource> {
  const names = certificateNames(config)
  if (names.length === 0) {
    effects.log.warn('domains.registry is not set, so the certificate is for localhost only')
  }
  return openInternalSource({
    ...effects,
    directory: caDirectory(config),
    domains: names.length === 0 ? ['localhost'] : names,
  })
}
