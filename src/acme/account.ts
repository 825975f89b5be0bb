import type { AcmeAccount } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { type AccountOptions, type AccountSession, openSession } from './account-session.ts'
import { registerAccount } from './register-account.ts'
import { AccountSchema, type Directory, parseResource } from './resources.ts'
import { createSerializer } from './serializer.ts'
import { updateContact } from './update-contact.ts'

/** The account at one authority. */
export interface AccountKeeper {
  /**
   * Runs `work` with the account, made when there is none. When the authority turns out not to know it any more, it is
   * registered again, with the same key and then with a new one, and `work` starts over.
   */
  withAccount<T>(asked: AskedAuthority, work: (session: AccountSession) => Promise<T>): Promise<T>
}

/** The authority as it describes itself, and what ends the wait for other processes. */
export interface AskedAuthority {
  readonly directory: Directory
  readonly signal: AbortSignal
}

/** How an account that was lost comes back, in order of trial. */
const RECOVERIES = ['same key', 'new key'] as const
type Recovery = (typeof RECOVERIES)[number]

/** Accounts are read and made one at a time, here and, by `accounts`, among processes. */
export function createAccountKeeper(options: AccountOptions): AccountKeeper {
  const { id, accounts, log } = options
  const oneAtATime = createSerializer()
  const withContact = new WeakSet<AccountSession>()
  let session: AccountSession | undefined

  const alone = <T>(signal: AbortSignal, work: () => Promise<T>) =>
    oneAtATime(() => accounts.exclusively(id, work, signal))

  const open = async ({ directory, signal }: AskedAuthority) =>
    session ??
    (await alone(signal, async () => {
      session ??= await openStored(options, directory)
      return session
    }))

  const recover = ({ directory, signal }: AskedAuthority, lost: AccountSession, recovery: Recovery) =>
    alone(signal, async () => {
      if (session !== lost) return
      session = undefined
      const stored = await accounts.read(id)
      // Another process was faster.
      if (stored?.url !== undefined && !isSame(stored, lost.account)) return
      log.warn('certificate authority does not know our account; registering again', {
        authority: id,
        recovery,
      })
      session = await registerAccount(
        options,
        directory,
        recovery === 'same key' ? lost.account.key : undefined,
      )
    })

  return {
    withAccount: async (asked, work) => {
      const attempt = async (current: AccountSession) => {
        if (!withContact.has(current)) await updateContact(options, current)
        withContact.add(current)
        return await work(current)
      }
      for (const recovery of RECOVERIES) {
        const current = await open(asked)
        try {
          return await attempt(current)
        } catch (error) {
          if (!(await isLost(current, error))) throw error
          await recover(asked, current, recovery)
        }
      }
      return await attempt(await open(asked))
    },
  }
}

async function openStored(options: AccountOptions, directory: Directory): Promise<AccountSession> {
  const stored = await options.accounts.read(options.id)
  if (stored?.url === undefined) return await registerAccount(options, directory, stored?.key)
  try {
    return await openSession(options.id, directory, { key: stored.key, url: stored.url })
  } catch (error) {
    if (!(error instanceof AcmeFailed) || error.failure !== 'account') throw error
    options.log.warn('stored account cannot be used; making another', { authority: options.id, error })
    return await registerAccount(options, directory)
  }
}

/** `unauthorized` is what an account hears that was deactivated, but also one that may not have some name. */
async function isLost({ requests, account }: AccountSession, error: unknown): Promise<boolean> {
  if (!(error instanceof AcmeFailed)) return false
  if (error.failure === 'account') return true
  if (error.problem !== 'unauthorized' || error.failure !== 'refused') return false
  try {
    const { data } = await requests.post(account.url, null)
    return parseResource(AccountSchema, data, 'our account').status !== 'valid'
  } catch (probed) {
    return probed instanceof AcmeFailed && (probed.problem === 'unauthorized' || probed.failure === 'account')
  }
}

function isSame(one: AcmeAccount, other: AcmeAccount): boolean {
  return one.url === other.url && one.key.reveal() === other.key.reveal()
}
