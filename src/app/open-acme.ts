import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createAcmeAuthority } from '../acme/acme-authority.ts'
import { certificateId } from '../acme/certificate-id.ts'
import { authorityId, directoryUrl, stagingDirectory } from '../acme/directories.ts'
import type { AcmeSettings, AuthoritySettings } from '../config/resolve-tls.ts'
import type { Config } from '../config/schema.ts'
import type { CertificateAuthority } from '../model/certificate-authority.ts'
import { type AcmeSource, type OwnCertificates, openAcmeSource } from '../tls/acme-source.ts'
import { type ChallengeAnswers, createChallengeAnswers } from '../tls/answer-challenges.ts'
import { type CertificateStore, openCertificateStore } from '../tls/certificate-store.ts'
import type { ClientCa } from '../tls/client-ca.ts'
import { createManagedCertificate } from '../tls/managed-certificate.ts'
import type { AuthorityChoice } from '../tls/obtain-certificate.ts'
import type { AcmeEffects } from './acme-effects.ts'
import { openDnsAnswer } from './open-dns-answer.ts'
import { openPreflight } from './open-preflight.ts'
import { readCaRoots } from './read-ca-roots.ts'

/** Certificates by ACME: where they come from, and what authorities are answered. */
export interface Acme {
  readonly source: AcmeSource
  readonly answers: ChallengeAnswers
  readonly store: CertificateStore
  /** Authorities that may be asked, by id. */
  readonly authorities: readonly CertificateAuthority[]
  close(): Promise<void>
}

/** Directory of what belongs to certificates by ACME under `state_dir`. */
export function acmeDirectory({ state_dir }: Pick<Config, 'state_dir'>): string {
  return join(state_dir, 'acme')
}

/**
 * Opens the certificates of `settings`; asks no authority before the source is started.
 * @throws CertificateFileError
 */
export async function openAcme(
  config: Pick<Config, 'state_dir'>,
  { settings, own }: { readonly settings: AcmeSettings; readonly own: OwnCertificates['open'] },
  effects: AcmeEffects & { readonly clientCa: ClientCa | undefined },
): Promise<Acme> {
  const { clock, log, clientCa } = effects
  const store = await openCertificateStore({ directory: acmeDirectory(config), clock, log })
  const dns = openDnsAnswer(settings, effects)
  const answers = createChallengeAnswers({ challenges: store.challenges, dns, clock })
  const common: Common = { ...effects, accounts: store.accounts, answer: answers.answer }
  const roots = await Promise.all(settings.authorities.map(one => readCaRoots(one.ca_root_file)))
  const choices = settings.authorities.map((one, index) => chooseAuthority(one, roots[index], common))
  const preflight = openPreflight(settings, answers.answer)
  const setup = setupOf(settings, roots)
  const source = await openAcmeSource({
    manage: onChange =>
      settings.names.map(name =>
        createManagedCertificate({
          ...effects,
          name,
          setup,
          store,
          choices,
          challenges: settings.challenges,
          certificateId,
          preflight,
          onChange,
        }),
      ),
    own: { open: own, isStopGap: settings.stop_gap, names: settings.ownNames },
    clientCa,
    store,
    clock,
    log,
  })
  const authorities = choices.flatMap(({ authority, rehearsal }) => [
    authority,
    ...(rehearsal === undefined ? [] : [rehearsal]),
  ])
  return {
    source,
    answers,
    store,
    authorities,
    async close() {
      await source.close()
      await Promise.all(authorities.map(authority => authority.close()))
    },
  }
}

type Common = Pick<Parameters<typeof createAcmeAuthority>[0], 'accounts' | 'answer'> & AcmeEffects

function chooseAuthority(
  settings: AuthoritySettings,
  caRoots: string | undefined,
  common: Common,
): AuthorityChoice {
  const url = directoryUrl(settings.directory)
  const staging = stagingDirectory(url)
  const open = (directory: string) => openAuthority(directory, { settings, caRoots }, common)
  if (settings.staging) return { authority: open(staging ?? url), profile: settings.profile }
  // Google's test stage wants another account binding.
  const rehearses = settings.directory === 'letsencrypt' && staging !== undefined
  return {
    authority: open(url),
    profile: settings.profile,
    ...(rehearses ? { rehearsal: open(staging) } : {}),
  }
}

function openAuthority(
  directory: string,
  { settings, caRoots }: { readonly settings: AuthoritySettings; readonly caRoots: string | undefined },
  { accounts, answer, log, clock, version }: Common,
): CertificateAuthority {
  const { email, eab } = settings
  return createAcmeAuthority({
    id: authorityId(directory),
    directory,
    caRoots,
    email,
    eab: eab === undefined ? undefined : { kid: eab.kid, hmacKey: eab.hmac_key },
    accounts,
    answer,
    log,
    clock,
    userAgent: `landwaiter/${version}`,
  })
}

/** Changes with everything that may turn a failure into a success. */
function setupOf(settings: AcmeSettings, roots: readonly (string | undefined)[]): string {
  const { authorities, challenges, dns } = settings
  const secrets = [
    ...authorities.map(({ eab }) => eab?.hmac_key.reveal()),
    dns?.rfc2136?.key?.secret.reveal(),
  ]
  return createHash('sha256')
    .update(JSON.stringify([authorities, roots, challenges, dns, secrets]))
    .digest('base64url')
}
