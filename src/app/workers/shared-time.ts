/**
 * What to add to this thread's `performance.now()` to compare it with another thread's: each counts from its own start,
 * the kernel's clock behind it is one.
 */
export function sharedTimeOffset(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now()
}
