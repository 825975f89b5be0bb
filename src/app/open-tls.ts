import { join } from 'node:path'
import { domainHosts } from '../config/resolve-tls.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../model/ports.ts'
import { openCertificateFiles } from '../tls/certificate-files.ts'
import type { CertificateSource } from '../tls/certificate-source.ts'
import { type ClientCa, readClientCa } from '../tls/client-ca.ts'
import { openClientCertificates, type ReadClientCertificate } from '../tls/client-certificates.ts'
import { openInternalSource } from '../tls/internal-source.ts'
import { createServerOptions, type ServerOptions } from '../tls/server-options.ts'
import type { AcmeEffects } from './acme-effects.ts'
import { type CertificateControl, createCertificateControl } from './certificate-control.ts'
import { type Acme, openAcme } from './open-acme.ts'
import { tlsSettings } from './tls-settings.ts'

/** Directory of the internal CA under `state_dir`. */
export function caDirectory(config: Pick<Config, 'state_dir'>): string {
  return join(config.state_dir, 'ca')
}

/** Names that the certificates must cover, the registry's first. Without any, the internal CA vouches for localhost. */
export function certificateNames({ domains }: Pick<Config, 'domains'>): readonly string[] {
  return domainHosts(domains)
}

export interface Tls {
  readonly source: CertificateSource
  readonly options: ServerOptions
  readonly clientCa: ClientCa | undefined
  readonly control: CertificateControl
  /** There with `tls.client_auth`. */
  readonly readClientCertificate?: ReadClientCertificate
  /** Key authorization for a token of http-01; `undefined` without certificates by ACME. */
  readonly answerTo?: ((token: string) => Promise<string | undefined>) | undefined
  /** Begins to obtain and renew certificates by ACME; only then can their authorities reach us. */
  start(): void
  /** Leaves orders for the next start, before they fail because authorities do not reach us any more. */
  stop(): void
  close(): Promise<void>
}

/**
 * Certificates and TLS settings of the public listener; `undefined` with `tls.mode: off`.
 * @throws CertificateFileError
 */
export async function openTls(config: Config, effects: AcmeEffects): Promise<Tls | undefined> {
  const { tls } = config
  if (tls.mode === 'off') return undefined
  const { client_auth: clientAuth } = tls
  const clientCa = clientAuth === undefined ? undefined : await readClientCa(clientAuth.ca_file)
  const { source, acme } = await openSource(config, tls, { ...effects, clientCa })
  const options = createServerOptions(
    source,
    tlsSettings(config, { clientCa, challenge: acme?.answers.contextFor }),
  )
  const { clock } = effects
  return {
    source,
    options,
    clientCa,
    ...(clientAuth === undefined
      ? {}
      : { readClientCertificate: await openClientCertificates({ name: clientAuth.name, clock }) }),
    control: createCertificateControl(() => source.certificates(), acme && controlledOf(acme, effects)),
    answerTo: acme?.answers.answerTo,
    start: () => acme?.source.start(),
    stop: () => acme?.source.stop(),
    close: async () => {
      options.close()
      await (acme ?? source).close()
    },
  }
}

interface Opened {
  readonly source: CertificateSource
  readonly acme?: Acme
}

/** @throws TypeError without TLS, which has no certificates. */
async function openSource(
  config: Config,
  tls: Config['tls'],
  effects: AcmeEffects & { readonly clientCa: ClientCa | undefined },
): Promise<Opened> {
  const own = (domains: readonly string[]) =>
    openInternalSource({ ...effects, directory: caDirectory(config), domains })
  switch (tls.mode) {
    case 'acme': {
      const acme = await openAcme(config, { settings: tls.acme, own }, effects)
      return { source: acme.source, acme }
    }
    case 'files':
      return {
        source: await openCertificateFiles({ ...effects, pairs: [tls], domains: certificateNames(config) }),
      }
    case 'internal':
      return { source: await own(ownNames(config, effects.log)) }
    default:
      throw new TypeError('there are no certificates without TLS')
  }
}

function ownNames(config: Config, log: Log): readonly string[] {
  const names = certificateNames(config)
  if (names.length > 0) return names
  log.warn('domains.registry is not set, so the certificate is for localhost only')
  return ['localhost']
}

function controlledOf({ source, authorities, store }: Acme, { clock, onEvent }: AcmeEffects) {
  return { managed: source.managed, signal: source.signal, authorities, store, clock, onEvent }
}
