import type { Terminal } from './terminal.ts'

/** Whether the locale's characters are UTF-8, so that more than ASCII can be drawn. */
export function isUnicode({ env }: Pick<Terminal, 'env'>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return /utf-?8/i.test(locale)
}
