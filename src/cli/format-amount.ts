const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes for a person, in three digits or so: `999 B`, `1.5 KiB`, `734 MiB`. */
export function formatBytes(bytes: number): string {
  let amount = bytes
  let unit = 0
  // 1023.96 would be told as 1024.
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  const digits = unit === 0 || amount >= 9.95 ? 0 : 1
  return `${amount.toFixed(digits)} ${UNITS[unit]}`
}

/** A count with its thousands apart: `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** A count with its noun: `1 line`, `1,234 lines`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
