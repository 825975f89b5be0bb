/** What a checkpoint line signs: its own place and, by `prev`, every line before it. */
export function checkpointText(place: {
  readonly node: string
  readonly seq: number
  readonly prev: string
}): string {
  return `landwaiter audit checkpoint\n${place.node}\n${place.seq}\n${place.prev}`
}

/** What the head signs: how far the log goes at least. */
export function headText(head: {
  readonly node: string
  readonly seq: number
  readonly hash: string
}): string {
  return `landwaiter audit head\n${head.node}\n${head.seq}\n${head.hash}`
}
