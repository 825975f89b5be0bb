import type { AcmeAccount, AcmeAccounts } from '../model/certificate-authority.ts'
import type { Log } from '../model/ports.ts'
import type { Directory } from './resources.ts'
import { createSignedRequests, type Eab, type SignedRequests } from './signed-requests.ts'

export interface AccountOptions {
  readonly id: string
  readonly email?: string | undefined
  readonly eab?: Eab | undefined
  readonly accounts: AcmeAccounts
  readonly log: Log
}

/** Our account at an authority, ready to sign requests with. */
export interface AccountSession {
  readonly requests: SignedRequests
  readonly account: AcmeAccount & { readonly url: string }
}

/** A session with an account that is known to exist. */
export async function openSession(
  id: string,
  directory: Directory,
  account: AccountSession['account'],
): Promise<AccountSession> {
  const { key, url } = account
  return { requests: await createSignedRequests({ id, directory, key, account: url }), account }
}

/** What an account tells the authority about its owner. */
export function contactOf({ email }: AccountOptions): readonly string[] {
  return email === undefined ? [] : [`mailto:${email}`]
}
