/** What others wrote, as one line without control characters, of at most `longest` characters. */
export function oneLine(text: string, longest: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, longest)
}
