import type { UnnumberedLine } from './format-line.ts'

/** What stands for the line before the first. */
export const NO_LINE_BEFORE = '0'.repeat(64)

/** The whole line without its newline; `prev` is the hash of the line before, or absent without a chain. */
export function numberLine({ before, after }: UnnumberedLine, seq: number, prev?: string): string {
  return prev === undefined
    ? `${before}${seq}${after}`
    : `${before}${seq}${after.slice(0, -1)},"prev":"${prev}"}`
}
