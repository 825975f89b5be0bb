import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import { type AccountOptions, type AccountSession, contactOf } from './account-session.ts'
import { AccountSchema, parseResource } from './resources.ts'

/**
 * Gives the authority the e-mail address of the configuration, unless it has it. When it does not take it, that is
 * logged and no reason to stop. Spec: RFC 8555 §7.3.2.
 */
export async function updateContact(
  options: AccountOptions,
  { requests, account }: AccountSession,
): Promise<void> {
  const { id, log } = options
  const contact = contactOf(options)
  const answer = await requests.post(account.url, null)
  const known = parseResource(AccountSchema, answer.data, `our account at ${id}`).contact ?? []
  if (known.join() === contact.join()) return
  try {
    await requests.post(account.url, { contact })
  } catch (error) {
    if (!(error instanceof AcmeFailed) || error.failure !== 'refused') throw error
    log.warn('certificate authority does not take the e-mail address', {
      authority: id,
      error: messageOf(error),
    })
  }
}
