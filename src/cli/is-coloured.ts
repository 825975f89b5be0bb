import type { Terminal } from './terminal.ts'

/** Whether what goes to standard output may be coloured: it is a terminal, and NO_COLOR does not say otherwise. */
export function isColoured({ columns, env }: Terminal): boolean {
  return columns !== undefined && (env['NO_COLOR'] ?? '') === ''
}
