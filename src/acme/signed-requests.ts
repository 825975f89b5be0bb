import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Secret } from '../model/secret.ts'
import { loadAcmeClient } from './acme-client.ts'
import type { Directory } from './resources.ts'

/** External account binding. Spec: RFC 8555 §7.3.4. */
export interface Eab {
  readonly kid: string
  /** base64url. */
  readonly hmacKey: Secret
}

export interface Signer {
  /** Name of the authority in messages. */
  readonly id: string
  readonly directory: Directory
  /** PEM of the account's key. */
  readonly key: Secret
  /** The account; absent while it is being registered. */
  readonly account?: string | undefined
  readonly eab?: Eab | undefined
}

export interface SignedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parsed when it is JSON, else text. */
  readonly data: unknown
}

/** Requests that are signed with the key of an account. Spec: RFC 8555 §6.2. Both throw AcmeFailed. */
export interface SignedRequests {
  /** `null` as payload reads (POST-as-GET). */
  post(url: string, payload: object | null): Promise<SignedAnswer>
  /** Asks for an account for the key. */
  register(payload: object): Promise<SignedAnswer>
  /** RFC 8555 §8.1. */
  keyAuthorization(token: string): Promise<string>
}

const MOST_NONCES = 8
/** Several servers behind one name may each reject the nonces of the others. */
const MOST_NONCE_RETRIES = 12

/** @throws AcmeFailed of kind `account` when the key cannot be used. */
export async function createSignedRequests(signer: Signer): Promise<SignedRequests> {
  const acme = await loadAcmeClient()
  const { id, directory, eab } = signer
  const client = acme.open({
    directoryUrl: directory.newNonce,
    accountKey: signer.key.reveal(),
    ...(signer.account !== undefined && { accountUrl: signer.account }),
    ...(eab !== undefined && { externalAccountBinding: { kid: eab.kid, hmacKey: eab.hmacKey.reveal() } }),
  })
  try {
    client.http.getJwk()
  } catch (cause) {
    const hint = 'remove its file, and a new account is made'
    throw new AcmeFailed('account', `the stored key of our account at ${id} cannot be used: ${hint}`, {
      cause,
    })
  }
  const nonces: string[] = []
  const fresh = client.http.getNonce.bind(client.http)
  client.http.maxBadNonceRetries = MOST_NONCE_RETRIES
  client.http.getDirectory = async () => directory
  // Each answer brings a nonce, so that asking for one before each request is needless; a stale one is repeated.
  client.http.getNonce = async () => nonces.pop() ?? (await fresh())
  const sent = async (work: Promise<SignedAnswer>): Promise<SignedAnswer> => {
    const answer = await work.catch(cause => {
      throw asFailure(id, cause)
    })
    const nonce = answer.headers['replay-nonce']
    if (nonce !== undefined && nonces.length < MOST_NONCES) nonces.push(nonce)
    if (answer.status >= 400)
      throw new AcmeFailed('server', `${id} takes none of its own nonces`, { problem: 'badNonce' })
    return answer
  }
  return {
    post: (url, payload) => sent(client.api.apiRequest(url, payload)),
    register: payload =>
      sent(
        client.api.apiRequest(directory.newAccount, payload, [], {
          includeJwsKid: false,
          includeExternalAccountBinding: true,
        }),
      ),
    keyAuthorization: token => client.getChallengeKeyAuthorization({ type: 'http-01', token }),
  }
}

/** acme-client throws plain errors about answers that it cannot use; all others are ours or an abort. */
function asFailure(id: string, cause: unknown): unknown {
  const isPlain = cause instanceof Error && cause.constructor === Error
  return isPlain ? new AcmeFailed('server', `${id}: ${messageOf(cause)}`, { cause }) : cause
}
