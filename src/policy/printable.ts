/**
 * `text` in printable ASCII, anything else as `?`, and cut to `limit` characters, the last three then
 * dots, so that it can stand in a header, a log line or a terminal.
 */
export function printable(text: string, limit: number): string {
  const ascii = text.replace(/[^\x20-\x7e]/gu, '?')
  return ascii.length > limit ? `${ascii.slice(0, limit - 3)}...` : ascii
}
