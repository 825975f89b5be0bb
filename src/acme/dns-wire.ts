const LABEL_MAX = 63
const POINTER = 0xc0
const HEADER_BYTES = 12
/** Type, class, TTL and length of the data. */
const RECORD_BYTES = 10

/** A name as it is signed and sent: lower case, without compression. Spec: RFC 1035 §3.1, RFC 4034 §6.2. */
export function encodeName(name: string): Buffer {
  const labels = name.toLowerCase().split('.').filter(Boolean)
  const parts = labels.map(label => {
    const text = Buffer.from(label, 'latin1')
    if (text.length > LABEL_MAX) throw new RangeError(`${name} is no domain name: a part is too long`)
    return Buffer.concat([Buffer.of(text.length), text])
  })
  return Buffer.concat([...parts, Buffer.of(0)])
}

/** Big-endian numbers, each as `[value, bytes]`. */
export function encodeNumbers(...fields: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(bytes)
      field.writeUIntBE(value, 0, bytes)
      return field
    }),
  )
}

/**
 * Where the last record of a message starts, and its data; `undefined` when it has none.
 * @throws RangeError when the message ends too early.
 */
export function lastRecord(
  message: Buffer,
): { readonly start: number; readonly type: number; readonly data: Buffer } | undefined {
  const count = (at: number) => message.readUInt16BE(at)
  let offset = HEADER_BYTES
  for (let left = count(4); left > 0; left--) offset = endOfName(message, offset) + 4
  let last: ReturnType<typeof lastRecord>
  for (let left = count(6) + count(8) + count(10); left > 0; left--) {
    const start = offset
    const fixed = endOfName(message, offset)
    offset = fixed + RECORD_BYTES + message.readUInt16BE(fixed + 8)
    const data = message.subarray(fixed + RECORD_BYTES, offset)
    last = { start, type: message.readUInt16BE(fixed), data }
  }
  if (offset > message.length) throw new RangeError('the message ends too early')
  return last
}

/** The offset behind the name at `start`, which may end with a pointer. @throws RangeError beyond the end. */
export function endOfName(message: Buffer, start: number): number {
  let offset = start
  for (;;) {
    const length = message.readUInt8(offset)
    if ((length & POINTER) === POINTER) return offset + 2
    offset += length + 1
    if (length === 0) return offset
  }
}
