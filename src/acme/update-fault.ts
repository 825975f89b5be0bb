import type { TsigKey, TsigVerdict } from './tsig.ts'

const REFUSED = 5
const NOTAUTH = 9
const NOTZONE = 10
const RCODES: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
}
const BADSIG = 16
const BADKEY = 17
const BADTIME = 18

/** What came back for an update. `verdict` is `undefined` when it was not signed. */
export interface UpdateAnswer {
  readonly rcode: number
  readonly verdict: TsigVerdict | undefined
  readonly key: TsigKey | undefined
  readonly zone: string
  /** Seconds since the epoch. */
  readonly now: number
}

/**
 * Why an update was not done, as the end of a sentence about the name server with the key of the configuration to look
 * at; `undefined` when it was done, which a signed answer alone can say when we have signed.
 */
export function updateFault(answer: UpdateAnswer): string | undefined {
  const { rcode, verdict, key } = answer
  if (key !== undefined && verdict !== undefined) {
    const fault = signatureFault(verdict, key, answer)
    if (fault !== undefined) return fault
  }
  return rcode === 0 ? undefined : rcodeFault(answer)
}

function signatureFault(
  verdict: TsigVerdict,
  key: TsigKey,
  { rcode, now }: UpdateAnswer,
): string | undefined {
  if (verdict.outcome === 'forged') {
    return `sent an answer whose signature is wrong (BADSIG): see ${keyed('key_secret')}`
  }
  if (verdict.error === BADKEY) {
    return `does not know the key ${key.name} with ${key.algorithm} (BADKEY): see ${keyed('key_name')} and key_algorithm`
  }
  if (verdict.error === BADSIG) {
    return `does not accept the signature of the key ${key.name} (BADSIG): see ${keyed('key_secret')}`
  }
  if (verdict.error === BADTIME) return `${clockFault(verdict, now)} (BADTIME): see the clocks of both`
  if (verdict.error !== 0)
    return `refused the signature with error ${verdict.error}: see ${keyed('key_name')}`
  if (verdict.outcome === 'unsigned' && rcode === 0) {
    return `did not sign its answer, so it may be of somebody else: see ${keyed('server')}`
  }
  return undefined
}

function clockFault(verdict: TsigVerdict, now: number): string {
  const theirs = verdict.outcome === 'valid' ? verdict.serverSeconds : undefined
  if (theirs === undefined) return 'has a clock that differs from ours'
  return `has a clock that is ${Math.abs(theirs - now)} s ${theirs < now ? 'behind' : 'ahead of'} ours`
}

function rcodeFault({ rcode, key, zone }: UpdateAnswer): string {
  const name = RCODES[rcode] ?? `rcode ${rcode}`
  if (rcode === REFUSED && key === undefined) {
    return `refused to change ${zone} without a key (${name}): see ${keyed('key_name')}`
  }
  if (rcode === REFUSED) {
    return `does not let the key ${key?.name} change ${zone} (${name}): allow it there, or see ${keyed('key_name')}`
  }
  if (rcode === NOTAUTH || rcode === NOTZONE) {
    return `does not serve the zone ${zone} for this name (${name}): see ${keyed('zone')} and server`
  }
  return `did not change ${zone} (${name}): its log has the reason; see ${keyed('server')}`
}

function keyed(key: string): string {
  return `tls.acme.dns.rfc2136.${key}`
}
