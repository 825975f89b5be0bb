import type { CaaData } from 'dns-packet'
import { messageOf } from '../model/message-of.ts'
import type { DnsResolver } from './dns-resolver.ts'

/**
 * Why CAA records keep an authority from issuing for a name, as a sentence without its full stop; `undefined` when they
 * do not. `issuers` are the domains by which the authority is known there. Rejects with the reason of the signal only.
 * Spec: RFC 8659 §3, §4.
 */
export async function caaFault(
  resolver: DnsResolver,
  { name, issuers }: { readonly name: string; readonly issuers: readonly string[] },
  signal: AbortSignal,
): Promise<string | undefined> {
  const host = name.replace(/^\*\./, '')
  try {
    const labels = host.split('.')
    for (let cut = 0; cut < labels.length; cut++) {
      const owner = labels.slice(cut).join('.')
      const records = await caaAt(resolver, owner, signal)
      if (records.length > 0) return forbidden(records, { owner, issuers, isWildcard: host !== name })
    }
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return `the CAA records of ${host} cannot be looked up, which keeps authorities from issuing: ${messageOf(error)}`
  }
}

async function caaAt(resolver: DnsResolver, name: string, signal: AbortSignal): Promise<readonly CaaData[]> {
  const { answers } = await resolver.lookup(name, 'CAA', signal)
  return answers.flatMap(answer => (answer.type === 'CAA' ? [answer.data] : []))
}

function forbidden(
  records: readonly CaaData[],
  {
    owner,
    issuers,
    isWildcard,
  }: { readonly owner: string; readonly issuers: readonly string[]; readonly isWildcard: boolean },
): string | undefined {
  const tagged = (wanted: string) => records.filter(({ tag }) => tag.toLowerCase() === wanted)
  const ofWildcards = isWildcard ? tagged('issuewild') : []
  const relevant = ofWildcards.length > 0 ? ofWildcards : tagged('issue')
  const allowed = relevant.map(({ value }) => value.split(';')[0]?.trim().toLowerCase() ?? '')
  if (allowed.length === 0 || allowed.some(domain => issuers.includes(domain))) return undefined
  const list = allowed.map(domain => JSON.stringify(domain)).join(', ')
  return `the CAA record of ${owner} allows ${list} only: add one for ${issuers.join(' or ')}`
}
