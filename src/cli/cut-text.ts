/** A text of at most `width` characters; a longer one loses its middle, since the ends of names tell most. */
export function cutText(
  text: string,
  { width, isUnicode }: { readonly width: number; readonly isUnicode: boolean },
): string {
  const characters = Array.from(text)
  if (characters.length <= width) return text
  const mark = isUnicode ? '…' : '..'
  const kept = Math.max(0, width - mark.length)
  const head = Math.ceil(kept / 2)
  return `${characters.slice(0, head).join('')}${mark}${characters.slice(characters.length - (kept - head)).join('')}`
}
