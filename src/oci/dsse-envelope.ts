import { decodeBase64 } from './base64.ts'
import { asJsonObject, jsonObjects } from './json-object.ts'

/** A payload and signatures over its pre-authentication encoding. */
export interface DsseEnvelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly Uint8Array[]
}

/** The envelope that a JSON value is, or `undefined`. Spec: secure-systems-lab/dsse envelope.md. */
export function readDsseEnvelope(value: unknown): DsseEnvelope | undefined {
  const object = asJsonObject(value)
  const payloadType = object?.['payloadType']
  const payload = decodeBase64(object?.['payload'])
  if (typeof payloadType !== 'string' || payload === undefined) return undefined
  const signatures = jsonObjects(object?.['signatures']).flatMap(({ sig }) => decodeBase64(sig) ?? [])
  return signatures.length === 0 ? undefined : { payloadType, payload, signatures }
}

/** The bytes that are signed. Spec: secure-systems-lab/dsse protocol.md, "PAE". */
export function preAuthenticationEncoding({ payloadType, payload }: DsseEnvelope): Uint8Array {
  const length = Buffer.byteLength(payloadType)
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${length} ${payloadType} ${payload.length} `),
    Buffer.from(payload.buffer, payload.byteOffset, payload.length),
  ])
}
