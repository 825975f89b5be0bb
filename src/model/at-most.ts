/** Options of an `lru-cache` of at most `count` entries that takes memory only for those it has; its `max` takes it all at once. */
export function atMost(count: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: count, sizeCalculation: () => 1 }
}
