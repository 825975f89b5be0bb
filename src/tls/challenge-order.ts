import { isIP } from 'node:net'
import type { ChallengeType } from '../model/certificate-authority.ts'
import type { CertificateState } from './certificate-state.ts'

/** Ways to prove `name`, in order of trial: the one that worked last comes first; after failures they take turns. */
export function challengeOrder(
  { name, challenges }: { readonly name: string; readonly challenges: readonly ChallengeType[] },
  state: CertificateState,
): readonly ChallengeType[] {
  const possible = challenges.filter(type => {
    if (name.startsWith('*.')) return type === 'dns-01'
    return isIP(name) === 0 || type !== 'dns-01'
  })
  const remembered = possible.filter(type => type === state.challenge)
  const ordered = [...remembered, ...possible.filter(type => type !== state.challenge)]
  const turns = state.failures?.validations ?? 0
  const shift = ordered.length === 0 ? 0 : turns % ordered.length
  return [...ordered.slice(shift), ...ordered.slice(0, shift)]
}
