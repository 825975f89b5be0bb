const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const ASCII = ['_', '.', ':', '-', '=', '+', '*', '#']

/** A character for each value, the higher the more; nothing is a space. */
export function sparkline(values: readonly number[], { isUnicode }: { readonly isUnicode: boolean }): string {
  const steps = isUnicode ? BLOCKS : ASCII
  const most = Math.max(1, ...values)
  return values
    .map(value => (value <= 0 ? ' ' : (steps[Math.ceil((value / most) * steps.length) - 1] ?? ' ')))
    .join('')
}
