import { encodeName, encodeNumbers } from './dns-wire.ts'

const OPCODE_UPDATE = 5 << 11
const TYPE_SOA = 6
const TYPE_TXT = 16
const CLASS_IN = 1
const CLASS_NONE = 254
/** Short, so that nobody remembers a challenge for long. */
const TTL_SECONDS = 60

/** One change of one TXT record. */
export interface DnsChange {
  readonly id: number
  readonly zone: string
  readonly name: string
  /** At most 255 bytes. */
  readonly value: string
  readonly change: 'add' | 'remove'
}

/**
 * The message that adds a TXT record to a zone, or removes exactly that one; dns-packet knows no class NONE.
 * Spec: RFC 2136 §2.3, §2.5.1, §2.5.4.
 */
export function encodeDnsUpdate({ id, zone, name, value, change }: DnsChange): Buffer {
  const text = Buffer.from(value, 'latin1')
  const isAdded = change === 'add'
  return Buffer.concat([
    encodeNumbers([id, 2], [OPCODE_UPDATE, 2], [1, 2], [0, 2], [1, 2], [0, 2]),
    encodeName(zone),
    encodeNumbers([TYPE_SOA, 2], [CLASS_IN, 2]),
    encodeName(name),
    encodeNumbers([TYPE_TXT, 2], [isAdded ? CLASS_IN : CLASS_NONE, 2], [isAdded ? TTL_SECONDS : 0, 4]),
    encodeNumbers([text.length + 1, 2], [text.length, 1]),
    text,
  ])
}
