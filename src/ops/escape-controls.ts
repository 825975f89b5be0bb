/**
 * The text with every control, format and line separator character as `\uXXXX`: no terminal sequence, no second
 * line, no reversed or invisible text. Inside a JSON string the escapes mean the same characters.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits)
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }
  return escaped
}
