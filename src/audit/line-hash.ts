import { hash } from 'node:crypto'

/** SHA-256 of a line without its newline, in hex: what `prev` of the next line is. */
export function lineHash(line: string | Uint8Array): string {
  return hash('sha256', line, 'hex')
}
