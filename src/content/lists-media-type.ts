const AFTER = /^[ \t]*(?:;[ \t]*q=[01](?:\.\d{1,3})?[ \t]*)?(?:,|$)/

/**
 * Whether an `Accept` names this very media type, as distribution wants it for OCI manifests; `*` stands for nothing and
 * weights do not count. Only what every registry reads alike is said yes to.
 */
export function listsMediaType(accept: string, mediaType: string): boolean {
  let at = accept.indexOf(mediaType)
  while (at >= 0) {
    const end = at + mediaType.length
    if (beginsItem(accept, at) && endsItem(accept, end)) return true
    at = accept.indexOf(mediaType, end)
  }
  return false
}

function beginsItem(accept: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isBlank(accept.charCodeAt(before))) before -= 1
  return before < 0 || accept.charCodeAt(before) === COMMA
}

function endsItem(accept: string, end: number): boolean {
  return end === accept.length || accept.charCodeAt(end) === COMMA || AFTER.test(accept.slice(end, end + 64))
}

const COMMA = 44

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
