import type { Config } from '../../config/schema.ts'
import type { Clock, Log } from '../../model/ports.ts'
import { createChallengeAnswers } from '../../tls/answer-challenges.ts'
import { challengesDirectory } from '../../tls/certificate-store.ts'
import { createChallengeStore } from '../../tls/challenge-store.ts'
import { openClientCertificates, type ReadClientCertificate } from '../../tls/client-certificates.ts'
import { type CertificateMaterial, createFedSource } from '../../tls/fed-source.ts'
import { createServerOptions, type ServerOptions } from '../../tls/server-options.ts'
import { acmeDirectory } from '../open-acme.ts'
import { tlsSettings } from '../tls-settings.ts'
import type { WorkerSetup } from './worker-calls.ts'

/** TLS of a worker's listener. */
export interface WorkerTls {
  readonly options: ServerOptions
  readonly readClientCertificate: ReadClientCertificate | undefined
  /** @throws CertificateFileError */
  feed(material: CertificateMaterial): void
}

/** Certificates come from the owner, challenges from the directory that every process of the store shares. */
export async function openWorkerTls(
  config: Config,
  { certificates, clientCa }: Pick<WorkerSetup, 'certificates' | 'clientCa'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<WorkerTls | undefined> {
  const { tls } = config
  if (tls.mode === 'off' || certificates === undefined) return undefined
  const source = createFedSource(certificates.pairs, clientCa)
  const challenge = tls.mode === 'acme' ? challengeOf(config, { clock, log }) : undefined
  const options = createServerOptions(source, {
    ...tlsSettings(config, { clientCa, challenge }),
    ticketKeys: Buffer.from(certificates.ticketKeys),
  })
  const { client_auth: clientAuth } = tls
  return {
    options,
    readClientCertificate: clientAuth && (await openClientCertificates({ name: clientAuth.name, clock })),
    feed: ({ pairs, ticketKeys }) => {
      options.useTicketKeys(Buffer.from(ticketKeys))
      source.feed(pairs)
    },
  }
}

function challengeOf(config: Config, effects: { readonly clock: Clock; readonly log: Log }) {
  const challenges = createChallengeStore({
    ...effects,
    directory: challengesDirectory(acmeDirectory(config)),
  })
  return createChallengeAnswers({ challenges, clock: effects.clock }).contextFor
}
