import { AttemptFailed } from './attempt-failed.ts'

/**
 * One failure for those of several authorities, with all their reasons. An authority that is away may be back in a
 * minute, so it is not left alone for a day because the next one refuses.
 */
export function attemptSummary(reasons: readonly AttemptFailed[]): AttemptFailed {
  // When it may be asked again is remembered for each authority.
  const asked = reasons.filter(
    ({ failure, retryAfterMs }) => failure !== 'limited' || retryAfterMs === undefined,
  )
  const [first] = [...asked.filter(reason => !isLasting(reason)), ...asked, ...reasons]
  if (first === undefined) return new AttemptFailed('internal', 'there is no authority to ask')
  if (reasons.length === 1) return first
  const { failure, authority, retryAfterMs, cause } = first
  return new AttemptFailed(failure, reasons.map(({ message }) => message).join('; '), {
    cause,
    ...(authority === undefined ? {} : { authority }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

function isLasting({ failure }: AttemptFailed): boolean {
  return failure === 'refused' || failure === 'account'
}
