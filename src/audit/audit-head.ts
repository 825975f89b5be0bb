import { parseJsonText } from '../oci/json-object.ts'

/** How far the log went when it was last looked at, kept apart from the log: what ends before it was cut. */
export interface AuditHead {
  readonly v: 1
  /** Absolute path of the log. */
  readonly file: string
  readonly node: string
  readonly seq: number
  /** RFC 3339. */
  readonly time: string
  /** Lines that were in memory only, since the log could not be written. */
  readonly waiting: number
  /** With a chain: hash of line `seq`, and the Ed25519 signature of `headText` by `key`. */
  readonly hash?: string
  readonly key?: string
  readonly signature?: string
}

/** The head that a file holds; `undefined` for an empty file and for one that a power loss has torn. */
export function parseAuditHead(text: string): AuditHead | undefined {
  const head = parseJsonText(text)
  if (head === undefined) return undefined
  const optional = [head['hash'], head['key'], head['signature']]
  const isHead =
    head['v'] === 1 &&
    Number.isSafeInteger(head['seq']) &&
    Number.isSafeInteger(head['waiting']) &&
    typeof head['node'] === 'string' &&
    !Number.isNaN(Date.parse(String(head['time']))) &&
    optional.every(field => field === undefined || typeof field === 'string')
  return isHead ? (head as unknown as AuditHead) : undefined
}
