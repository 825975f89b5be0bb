import { readFileSync } from 'node:fs'
import type { AuditRecord } from '../../src/audit/audit-fields.ts'
import { lineHash } from '../../src/audit/line-hash.ts'

/** Whole lines of a log, as text. @throws when it ends in a torn one. */
export function auditTexts(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${file} ends in a torn line`)
  return text.split('\n').slice(0, -1)
}

/** The records of a log. */
export function auditRecords(file: string): readonly AuditRecord[] {
  return auditTexts(file).map(line => JSON.parse(line))
}

/** The first line that does not carry the hash of the one before it, if there is one; `before` is the first one's. */
export function brokenLink(texts: readonly string[], before = '0'.repeat(64)): string | undefined {
  return texts.find((text, index) => {
    const previous = texts[index - 1]
    return JSON.parse(text).prev !== (previous === undefined ? before : lineHash(previous))
  })
}
