/**
 * Whether the head of a request announces a body. Node says that a request is complete only after the turn in which its
 * head came, with a body or without. Spec: RFC 9112 §6.
 */
export function hasBody(headers: {
  readonly 'content-length'?: string | undefined
  readonly 'transfer-encoding'?: string | undefined
}): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
