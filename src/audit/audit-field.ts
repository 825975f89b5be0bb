/** One field of a line; `example` is its JSON value. */
export interface AuditField {
  readonly name: string
  readonly type: string
  readonly example: string
  readonly meaning: string
}
