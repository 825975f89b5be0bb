/** `n` of a list as a number; `undefined` when there is none. What is negative counts as none, as in distribution 2.8. */
export function listCount(n: string | undefined): number | undefined {
  const count = n === undefined ? Number.NaN : Number(n)
  return count >= 0 ? count : undefined
}
