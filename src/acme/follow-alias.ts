import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { DnsResolver } from './dns-resolver.ts'

const MAX_HOPS = 8
/** A hook gets the name as an argument, and whoever owns the alias chose it. */
const SAFE_NAME = /^(?=.{1,253}$)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*$/

/**
 * The name at which the records of `name` really are: the end of its CNAME records, 8 at most.
 * @throws AcmeFailed of kind `validation` when it cannot be found; rejects with the reason of the signal.
 */
export async function followAlias(resolver: DnsResolver, name: string, signal: AbortSignal): Promise<string> {
  let current = name.toLowerCase()
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const next = await aliasOf(resolver, current, signal)
    if (next === undefined) return current
    if (!SAFE_NAME.test(next)) {
      throw new AcmeFailed('validation', `the CNAME record of ${current} points to ${JSON.stringify(next)}`)
    }
    current = next
  }
  throw new AcmeFailed('validation', `more than ${MAX_HOPS} CNAME records follow each other from ${name} on`)
}

async function aliasOf(
  resolver: DnsResolver,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { answers } = await resolver.lookup(name, 'CNAME', signal)
    const alias = answers.find(answer => answer.type === 'CNAME' && answer.name === name)
    return alias !== undefined && 'data' in alias ? String(alias.data).toLowerCase() : undefined
  } catch (cause) {
    signal.throwIfAborted()
    throw new AcmeFailed(
      'validation',
      `cannot look up whether ${name} is an alias: ${messageOf(cause)}; see tls.acme.dns.resolvers`,
      { cause },
    )
  }
}
