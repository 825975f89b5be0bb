import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { AcmeFailed } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import { type AccountOptions, type AccountSession, contactOf, openSession } from './account-session.ts'
import type { Directory } from './resources.ts'
import { createSignedRequests } from './signed-requests.ts'

/**
 * The account of `key` at the authority, made when there is none; of a new key, when there is no `key` or the authority
 * wants no more of it. Spec: RFC 8555 §7.3.
 */
export async function registerAccount(
  options: AccountOptions,
  directory: Directory,
  key?: Secret,
): Promise<AccountSession> {
  const { id, eab, log } = options
  if (directory.meta?.externalAccountRequired === true && eab === undefined) {
    throw new AcmeFailed(
      'refused',
      `${id} takes no account without an external account binding: set tls.acme.eab`,
    )
  }
  if (key === undefined) return await register(options, directory, await createKey())
  try {
    return await register(options, directory, key)
  } catch (error) {
    if (!isKeyRefused(error)) throw error
    log.warn('certificate authority refuses the key of our account; making another', { authority: id, error })
    return await register(options, directory, await createKey())
  }
}

async function register(options: AccountOptions, directory: Directory, key: Secret): Promise<AccountSession> {
  const { id, accounts, eab, log } = options
  // Before the request, so that the account is not lost when its answer is.
  await accounts.write(id, { key })
  const requests = await createSignedRequests({ id, directory, key, eab })
  const contact = contactOf(options)
  const answer = await requests.register({
    termsOfServiceAgreed: true,
    ...(contact.length > 0 && { contact }),
  })
  const url = answer.headers['location']
  if (url === undefined) throw new AcmeFailed('server', `${id} does not say where our account is`)
  await accounts.write(id, { key, url })
  log.info('account at the certificate authority is ready', { authority: id, account: url })
  return await openSession(id, directory, { key, url })
}

/** A deactivated account cannot be registered again (RFC 8555 §7.3.6); neither can a key that we cannot read. */
function isKeyRefused(error: unknown): boolean {
  return error instanceof AcmeFailed && (error.failure === 'account' || error.problem === 'unauthorized')
}

async function createKey(): Promise<Secret> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}
