import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../model/secret.ts'
import { encodeName, encodeNumbers, endOfName, lastRecord } from './dns-wire.ts'

const TYPE_TSIG = 250
const CLASS_ANY = 255
/** Allowed difference of the clocks, as RFC 8945 §10 recommends. */
const FUDGE_SECONDS = 300
const ARCOUNT = 10

/** How the server knows us. */
export interface TsigKey {
  readonly name: string
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512'
  /** base64. */
  readonly secret: Secret
}

/** A message with its signature. */
export interface SignedMessage {
  readonly bytes: Buffer
  readonly mac: Buffer
}

/**
 * What the signature of an answer says. `error` is the server's code: 0, 16 BADSIG, 17 BADKEY, 18 BADTIME, 22 BADTRUNC.
 */
export type TsigVerdict =
  | { readonly outcome: 'valid'; readonly error: number; readonly serverSeconds: number | undefined }
  | { readonly outcome: 'unsigned'; readonly error: number }
  | { readonly outcome: 'forged' }

interface TsigFields {
  readonly algorithm: Buffer
  readonly seconds: number
  readonly fudge: number
  readonly mac: Buffer
  readonly originalId: number
  readonly error: number
  readonly other: Buffer
}

/** Appends the signature to a message. `nowSeconds` since the epoch. Spec: RFC 8945 §4.3, §5.1. */
export function signDns(message: Buffer, key: TsigKey, nowSeconds: number): SignedMessage {
  const fields: TsigFields = {
    algorithm: encodeName(key.algorithm),
    seconds: nowSeconds,
    fudge: FUDGE_SECONDS,
    mac: Buffer.alloc(0),
    originalId: message.readUInt16BE(0),
    error: 0,
    other: Buffer.alloc(0),
  }
  const mac = macOf(key, message, variables(key, fields))
  return { bytes: withAdditional(message, recordOf(key, { ...fields, mac })), mac }
}

/** Checks the signature of the answer to a signed message. Never throws. Spec: RFC 8945 §5.3. */
export function verifyDns(
  reply: Buffer,
  { key, requestMac }: { readonly key: TsigKey; readonly requestMac: Buffer },
  nowSeconds: number,
): TsigVerdict {
  try {
    const record = lastRecord(reply)
    if (record?.type !== TYPE_TSIG) return { outcome: 'unsigned', error: 0 }
    const fields = readFields(record.data)
    if (fields.mac.length === 0) return { outcome: 'unsigned', error: fields.error }
    const message = withoutAdditional(reply.subarray(0, record.start), fields.originalId)
    const prefix = Buffer.concat([encodeNumbers([requestMac.length, 2]), requestMac])
    const expected = macOf(key, prefix, message, variables(key, fields))
    // A shortened one is not accepted: nobody needs it.
    const isEqual = fields.mac.length === expected.length && timingSafeEqual(fields.mac, expected)
    const isTimely = fields.error !== 0 || Math.abs(fields.seconds - nowSeconds) <= fields.fudge
    if (!isEqual || !isTimely) return { outcome: 'forged' }
    const serverSeconds = fields.other.length === 6 ? fields.other.readUIntBE(0, 6) : undefined
    return { outcome: 'valid', error: fields.error, serverSeconds }
  } catch {
    // It ends too early, so nothing vouches for it.
    return { outcome: 'forged' }
  }
}

function macOf({ algorithm, secret }: TsigKey, ...parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(algorithm.slice('hmac-'.length), Buffer.from(secret.reveal(), 'base64'))
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

function variables(key: TsigKey, { algorithm, seconds, fudge, error, other }: TsigFields): Buffer {
  return Buffer.concat([
    encodeName(key.name),
    encodeNumbers([CLASS_ANY, 2], [0, 4]),
    algorithm,
    encodeNumbers([seconds, 6], [fudge, 2], [error, 2], [other.length, 2]),
    other,
  ])
}

function recordOf(key: TsigKey, fields: TsigFields): Buffer {
  const { algorithm, seconds, fudge, mac, originalId, error, other } = fields
  const data = Buffer.concat([
    algorithm,
    encodeNumbers([seconds, 6], [fudge, 2], [mac.length, 2]),
    mac,
    encodeNumbers([originalId, 2], [error, 2], [other.length, 2]),
    other,
  ])
  const fixed = encodeNumbers([TYPE_TSIG, 2], [CLASS_ANY, 2], [0, 4], [data.length, 2])
  return Buffer.concat([encodeName(key.name), fixed, data])
}

function readFields(data: Buffer): TsigFields {
  const start = endOfName(data, 0)
  const macEnd = start + 10 + data.readUInt16BE(start + 8)
  const otherEnd = macEnd + 6 + data.readUInt16BE(macEnd + 4)
  if (otherEnd !== data.length) throw new RangeError('the signature ends too early')
  return {
    algorithm: data.subarray(0, start),
    seconds: data.readUIntBE(start, 6),
    fudge: data.readUInt16BE(start + 6),
    mac: data.subarray(start + 10, macEnd),
    originalId: data.readUInt16BE(macEnd),
    error: data.readUInt16BE(macEnd + 2),
    other: data.subarray(macEnd + 6),
  }
}

function withAdditional(message: Buffer, record: Buffer): Buffer {
  const bytes = Buffer.concat([message, record])
  bytes.writeUInt16BE(message.readUInt16BE(ARCOUNT) + 1, ARCOUNT)
  return bytes
}

function withoutAdditional(message: Buffer, id: number): Buffer {
  const bytes = Buffer.from(message)
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(message.readUInt16BE(ARCOUNT) - 1, ARCOUNT)
  return bytes
}
