/** Whether `If-None-Match` names the entity tag: any of a list, weak or strong, or `*`. Spec: RFC 9110 §13.1.2. */
export function matchesEntityTag(ifNoneMatch: string, etag: string): boolean {
  if (etag === '') return false
  if (ifNoneMatch === etag) return true
  const opaque = opaqueOf(etag)
  return ifNoneMatch.split(',').some(item => {
    const wanted = item.trim()
    return wanted === '*' || opaqueOf(wanted) === opaque
  })
}

function opaqueOf(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
