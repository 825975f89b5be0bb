/** How a registry can die in the middle of a body of which it sent the first `sent` bytes. */
export function downloadDeaths(sent: number) {
  const length = `Content-Length: ${2 * sent}`
  const chunked = 'Transfer-Encoding: chunked'
  return [
    { name: 'Content-Length, reset', head: length, end: 'resetAndDestroy' },
    { name: 'Content-Length, closed', head: length, end: 'end' },
    { name: 'chunked, reset', head: chunked, end: 'resetAndDestroy' },
    { name: 'chunked, closed', head: chunked, end: 'end' },
  ] as const
}
