import { messageOf } from '../model/message-of.ts'
import { type DnsServer, describeDnsServer } from './dns-server.ts'
import { type DnsQuestion, type DnsReply, queryDns } from './query-dns.ts'

/** Looks names up at servers that ask others for us. */
export interface DnsResolver {
  /**
   * The first answer that says something, `NOERROR` or `NXDOMAIN`. Rejects with the reason of the signal, or with an
   * error that tells what each server did.
   */
  lookup(name: string, type: DnsQuestion['type'], signal: AbortSignal): Promise<DnsReply>
  /** Every value of the records of this type at the name, behind aliases too. Rejects as `lookup`. */
  values(name: string, type: 'A' | 'AAAA' | 'NS', signal: AbortSignal): Promise<readonly string[]>
}

/** A resolver that asks these servers in turn. */
export function createDnsResolver(servers: readonly DnsServer[]): DnsResolver {
  async function lookup(name: string, type: DnsQuestion['type'], signal: AbortSignal): Promise<DnsReply> {
    const complaints: string[] = []
    for (const server of servers) {
      try {
        const reply = await queryDns(server, { name, type, recurse: true }, signal)
        if (reply.rcode === 'NOERROR' || reply.rcode === 'NXDOMAIN') return reply
        complaints.push(`${describeDnsServer(server)} answered ${reply.rcode}`)
      } catch (error) {
        signal.throwIfAborted()
        complaints.push(messageOf(error))
      }
    }
    throw new Error(complaints.join('; ') || 'there is no name server to ask')
  }

  return {
    lookup,
    async values(name, type, signal) {
      const { answers } = await lookup(name, type, signal)
      return answers.flatMap(answer => (answer.type === type && 'data' in answer ? String(answer.data) : []))
    },
  }
}
