import { randomInt } from 'node:crypto'
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet'
import { exchangeDns } from './dns-exchange.ts'
import { type DnsServer, describeDnsServer } from './dns-server.ts'

/** A datagram may be lost, so it is sent twice. */
const TRIES = 2
const TRY_MS = 2500

/** What is asked. */
export interface DnsQuestion {
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'NS' | 'SOA' | 'TXT'
  /** Whether the server shall ask others; not when its own data is meant. */
  readonly recurse: boolean
}

/** What a server answered; names are in lower case, without the final dot. */
export interface DnsReply {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`… */
  readonly rcode: string
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
}

/**
 * What one server answers, over UDP and, when that was cut short, over TCP. Rejects with the reason of the signal, or
 * with an error that says what happened to the server; it takes 5 s at most over each.
 */
export async function queryDns(
  server: DnsServer,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<DnsReply> {
  const { name, type, recurse } = question
  const message = encode({
    id: randomInt(0x10000),
    flags: recurse ? RECURSION_DESIRED : 0,
    questions: [{ name, type }],
  })
  const short = read(await overUdp(server, message, signal), server)
  if (!short.flag_tc) return replyOf(short)
  const options = { over: 'tcp', timeoutMs: TRIES * TRY_MS, signal } as const
  return replyOf(read(await exchangeDns(server, message, options), server))
}

async function overUdp(server: DnsServer, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    try {
      return await exchangeDns(server, message, { over: 'udp', timeoutMs: TRY_MS, signal })
    } catch (error) {
      if (tries === TRIES || signal.aborted) throw error
    }
  }
}

function read(bytes: Buffer, server: DnsServer): DecodedPacket {
  try {
    return decode(bytes)
  } catch (cause) {
    throw new Error(`${describeDnsServer(server)} sent an answer that cannot be read`, { cause })
  }
}

function replyOf(packet: DecodedPacket): DnsReply {
  return {
    // The type definitions lack it.
    rcode: (packet as { readonly rcode?: string }).rcode ?? '',
    answers: lowerCased(packet.answers),
    authorities: lowerCased(packet.authorities),
  }
}

function lowerCased(answers: readonly Answer[] = []): readonly Answer[] {
  return answers.map(answer => ({ ...answer, name: answer.name.toLowerCase() }))
}
